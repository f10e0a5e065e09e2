package template

import "github.com/maestra-io/webhook-operator/dispatcher/template/internal/decimal"

// The limits of the language. They bound time and memory of every compilation
// and rendering; whatever passes one fails with an error that names it.
const (
	// MaxTemplateBytes bounds the source of one template: 256 KiB.
	MaxTemplateBytes = 256 << 10

	// MaxDataBytes bounds the JSON text of one call's data: 1 MiB.
	MaxDataBytes = 1 << 20

	// MaxNesting bounds how deep conditions and loops of a template, the
	// expressions of an instruction, and the objects and arrays of the data are
	// nested, each for itself, and therefore also the names in a path.
	MaxNesting = 64

	// MaxNameBytes bounds each name in a template.
	MaxNameBytes = 256

	// MaxPaths bounds what [Model.Paths] lists.
	MaxPaths = 1000

	// MaxSteps bounds the work of one rendering. Each instruction that is carried
	// out, each pass of a loop and each operand is a step; functions cost a few,
	// and so does every piece of text that is made. A step takes less than 100 ns,
	// so that no rendering takes longer than about 100 ms.
	MaxSteps = 1_000_000

	// MaxTextBytes bounds every text that a rendering makes on the way, by &, set
	// or a function: 1 MiB.
	MaxTextBytes = 1 << 20

	// MaxOutputBytes bounds what one rendering writes: 10 MiB. A template of
	// 256 KiB can mention a value of 1 MiB more than 50,000 times.
	MaxOutputBytes = 10 << 20

	// MaxAddedZeros bounds the zeros that the exponent of a number adds when
	// the number is written out. 1e308, the largest power of ten that a float64
	// holds, needs 308.
	MaxAddedZeros = decimal.MaxAddedZeros

	// MaxErrors bounds the errors reported for one template or one rendering:
	// the first in order of position.
	MaxErrors = 100
)

// bytesPerStep is how much text is made or read for one step, and
// slowBytesPerStep where each character is looked at by itself.
const (
	bytesPerStep     = 32
	slowBytesPerStep = 4
)
