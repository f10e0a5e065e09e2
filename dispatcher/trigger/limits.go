package trigger

// Bounds of a trigger's texts, in characters, which are the schema's.
const (
	MaxType   = 256
	MaxSource = 1024
	MaxWhen   = 1024
)

// Bounds of an expression. A unit of cost is about one step of CEL, 10 to 100 ns.
const (
	// maxEstimate bounds what an expression costs at the most for an event whose
	// texts have assumedLength characters and whose lists and maps have
	// assumedElements: two comprehensions one in the other pass, three do not.
	maxEstimate     = 100_000_000
	assumedLength   = 200
	assumedElements = 200
	// maxCost bounds what one evaluation may cost, at the worst 0.3 s: a
	// comprehension that compares a value of each element passes over some 7,000 to
	// 10,000 of them.
	maxCost = 50_000
	// maxElements is the most elements of a list or map of an event. What has no
	// comprehension and costs at most maxCost with such events is not watched when
	// it is evaluated, which takes ten times as long as most expressions do.
	maxElements = 1 << 19
	// maxMemory bounds the elements and characters of each value that an evaluation
	// makes or reads. Lists share their parts, so that doubling one costs nearly
	// nothing, and comparing the result could take for ever. CEL itself takes a
	// value of more than 10,000 elements, in all depths, for too large to count.
	maxMemory = 1 << 20
	// maxText is the most bytes of a text of an event that an expression can read: a
	// regular expression passes over it for each of its instructions, of which it
	// has at most maxRegexProgram: 60 ms together.
	maxText         = 16 << 10
	maxRegexProgram = 250
	// maxNodes and maxDepth bound the expression's tree.
	maxNodes = 2000
	maxDepth = 50
)
