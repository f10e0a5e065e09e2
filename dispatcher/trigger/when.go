package trigger

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
)

// environment is that of all expressions.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("event", cel.MapType(cel.StringType, cel.DynType)),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.OptionalTypes(),
		ext.Strings(),
		cel.ParserExpressionSizeLimit(MaxWhen),
		cel.ParserRecursionLimit(maxDepth),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxRegexProgram),
	)
})

// longTexts are the functions that make long texts of short ones at no cost that is
// known before: with an event of 1 MiB, 1 GiB. A filter has no need of them.
var longTexts = map[string]bool{"replace": true, "join": true, "format": true}

// compileWhen compiles an expression.
func compileWhen(text string) (cel.Program, error) {
	if n := utf8.RuneCountInString(text); n > MaxWhen {
		return nil, fmt.Errorf("when must have at most %d characters", MaxWhen)
	}
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("make the environment of expressions: %w", err)
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, mistake(issues)
	}
	if t := checked.OutputType(); !t.IsExactType(types.BoolType) && !t.IsExactType(types.DynType) {
		return nil, fmt.Errorf("when:1:1: this gives %s, but a boolean is needed", t)
	}
	if err := refuse(checked); err != nil {
		return nil, err
	}
	estimate, err := env.EstimateCost(checked, sizes{text: assumedLength, elements: assumedElements})
	if err != nil {
		return nil, fmt.Errorf("when:1:1: what this costs cannot be told: %s", line(err.Error()))
	}
	if estimate.Max > maxEstimate {
		return nil, errors.New("when:1:1: this may cost too much; use fewer comprehensions, and at most two one in the other")
	}
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if worst, err := env.EstimateCost(checked, sizes{text: maxText, elements: maxElements}); err != nil || worst.Max > maxCost || loops(checked) {
		options = append(options, cel.CostTracking(dynamic{}), cel.CostLimit(maxCost), cel.MemoryLimit(maxMemory))
	}
	program, err := env.Program(checked, options...)
	if err != nil {
		return nil, fmt.Errorf("when:1:1: %s", line(err.Error()))
	}
	return program, nil
}

// mistake is the first of what is wrong with an expression.
func mistake(issues *cel.Issues) error {
	found := issues.Errors()
	if len(found) == 0 {
		return fmt.Errorf("when:1:1: %s", line(issues.Err().Error()))
	}
	return at(found[0].Location, line(found[0].Message))
}

// at puts a position before a message. CEL counts columns from 0.
func at(where common.Location, message string) error {
	return fmt.Errorf("when:%d:%d: %s", max(1, where.Line()), max(0, where.Column())+1, message)
}

// line makes one short line of a message, which can repeat parts of the expression.
func line(message string) string {
	message = strings.Join(strings.Fields(message), " ")
	const most = 300
	if len(message) > most {
		message = strings.ToValidUTF8(message[:most], "") + "…"
	}
	return message
}

// loops reports whether there is a comprehension. Those of each other's results make
// values grow in a way that no estimate sees.
func loops(checked *cel.Ast) bool {
	found := false
	ast.PostOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		found = found || e.Kind() == ast.ComprehensionKind
	}))
	return found
}

// refuse says which function may not be used.
func refuse(checked *cel.Ast) error {
	tree := checked.NativeRep()
	var found error
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if found != nil || e.Kind() != ast.CallKind {
			return
		}
		if name := e.AsCall().FunctionName(); longTexts[name] {
			found = at(tree.SourceInfo().GetStartLocation(e.ID()), name+" cannot be used here, since it may make very long texts")
		}
	}))
	return found
}

// sizes are those that an event is assumed to have at the most.
type sizes struct{ text, elements uint64 }

// EstimateSize implements [cost.Estimator].
func (s sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	switch node.Type().Kind() {
	case types.StringKind, types.BytesKind:
		return &cost.SizeEstimate{Max: s.text}
	case types.ListKind, types.MapKind, types.DynKind:
		return &cost.SizeEstimate{Max: s.elements}
	}
	return nil
}

// EstimateCallCost implements [cost.Estimator]: the functions' own are right.
func (sizes) EstimateCallCost(_, _ string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	return nil
}

// dynamic counts the cost of calls whose overload is known only when they are made,
// as of most operators on an event's data. CEL counts each of them as 1.
type dynamic struct{}

// CallCost implements [cost.ActualCostEstimator].
func (dynamic) CallCost(_, overload string, args []ref.Val, result ref.Val) *uint64 {
	if overload != "" {
		return nil
	}
	sum := 1 + sizeOf(result)
	for _, arg := range args {
		sum += sizeOf(arg)
	}
	return &sum
}

// sizeOf is what it costs to go over a value once.
func sizeOf(v ref.Val) uint64 {
	switch v := v.(type) {
	case types.String:
		return uint64(len(v) / 10)
	case types.Bytes:
		return uint64(len(v) / 10)
	case traits.Sizer:
		if n, ok := v.Size().(types.Int); ok {
			return uint64(max(0, n))
		}
	}
	return 0
}
