package response

const (
	// MaxDepth bounds how deep objects and arrays of a document may be in each other.
	MaxDepth = 64
	// maxWork bounds what reading one document may cost, over all paths, in bytes that
	// are passed over once: 128 are for each byte of the largest document, 1 MiB. It
	// is less than half a second.
	maxWork = 128 << 20
	// stepWork is what a selector costs beside the bytes.
	stepWork = 16
	// filterWork and filterStepWork are what a filter costs for each byte of an element
	// and for each element: it is decoded for that.
	filterWork, filterStepWork = 32, 1024
	// regexpWork and regexpStepWork are the same for each instruction of a regular
	// expression, which is compiled for each element.
	regexpWork, regexpStepWork = 16, 512
	// maxElement bounds the elements that a filter looks at, in bytes of the document.
	// Decoded they take some thirty times as much.
	maxElement = 64 << 10
	// maxReversed bounds the elements that a slice with a negative step can give.
	maxReversed = 32 << 10
	// maxRegexp bounds a regular expression, in instructions, of which there is about
	// one for each character of it, as often as it is repeated.
	maxRegexp = 256
)
