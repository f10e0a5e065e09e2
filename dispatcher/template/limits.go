package template

// The limits of the language. They bound time and memory of every compilation
// and rendering; whatever passes one fails with an error that names it.
const (
	// MaxTemplateBytes bounds the source of one template: 256 KiB.
	MaxTemplateBytes = 256 << 10

	// MaxDataBytes bounds the JSON text of one call's data: 1 MiB.
	MaxDataBytes = 1 << 20

	// MaxNesting bounds how deep objects and arrays of the data are nested, the
	// outermost object included, and therefore the names in a path.
	MaxNesting = 64

	// MaxOutputBytes bounds what one rendering writes: 10 MiB. A template of
	// 256 KiB can mention a value of 1 MiB more than 50,000 times.
	MaxOutputBytes = 10 << 20

	// MaxAddedZeros bounds the zeros that the exponent of a number adds when
	// the number is written out. 1e308, the largest power of ten that a float64
	// holds, needs 308.
	MaxAddedZeros = 400

	// MaxErrors bounds the errors reported for one template or one rendering:
	// the first in order of position.
	MaxErrors = 100
)
