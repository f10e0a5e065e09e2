// Package template is the message-template language of webhooks: URL suffixes,
// header values and bodies are text with outputs such as
// ${ Order.Customer.Email | toLower() }, conditions, loops and assignments such
// as @{ if Order.Total > 100 }, and comments such as @{* not sent *}. Its
// reference for authors is docs/template-language.md.
//
// A [Template] is compiled once with [Compile], which reports every error of
// the source at once, each with its position. What the template needs of the
// data is inferred from its text ([Template.Model]). The data of a call is
// decoded once with [ParseData], completed with the host's variables by
// [Data.With], and rendered by as many templates as the webhook has.
//
// Guarantees: compiling and rendering do no input or output but for now(), use
// no reflection, and never panic, whatever the template and the data are; data
// is checked against the whole model before the first byte of output; a failed
// rendering leaves no output; equal templates and data give equal output, but
// for now() and the random functions; everything compiled or parsed is safe for
// concurrent use; numbers keep their digits where nothing is calculated, so an
// id of 20 digits comes out as it went in; errors hold no value of the data; the
// limits in limits.go hold. With [EscapeContextual] no value can change what the
// text around it means, and a template for JSON renders JSON; package escape
// below has the promises of each context. Arithmetic is done in float64.
//
// Non-goals: statements with effects, functions of the host, and a sandbox for
// untrusted authors beyond the limits: whoever may write a template decides what
// is sent.
//
// Start at [Compile] and [Template.Append]. A source passes through
//
//   - lexer.go, parser.go and parseexpr.go: from text to the nodes of ast.go and
//     the expressions of expr.go;
//   - check.go, checkexpr.go, scope.go and infer.go: what each name means, and
//     what the data must be (shape.go, exported by model.go);
//   - follow.go: how each output is written where it stands.
//
// A rendering (run.go) binds the data in bind.go, carries the nodes out in
// render.go, evaluates expressions in eval.go, and writes values in write.go.
// functions*.go are the functions. The packages below internal know nothing of
// templates: decimal has numbers, format cultures and formats, text strings,
// and escape the grammars of the contexts. The files in testdata/spec are the
// language's rules, one a file, and are run as tests.
package template
