// Package template is the message-template language of webhooks: URL suffixes,
// header values and bodies are text with outputs such as
// ${ Order.Customer.Email } and comments such as @{* not sent *}.
//
// A [Template] is compiled once with [Compile], which reports every error of
// the source at once, each with its position. What the template needs of the
// data is inferred from its text ([Template.Model]). The data of a call is
// decoded once with [ParseData], completed with the host's variables by
// [Data.With], and rendered by as many templates as the webhook has.
//
// Guarantees: compiling and rendering do no input or output, use no reflection
// and never panic, whatever the template and the data are; data is checked
// against the whole model before the first byte of output; a failed rendering
// leaves no output; equal templates and data give equal output; everything
// compiled or parsed is safe for concurrent use; numbers keep their digits, so
// an id of 20 digits comes out as it went in; errors hold no value of the data;
// the limits in limits.go hold.
//
// Non-goals: values are written as they are, without escaping; judging the
// result as URL, header or JSON is the caller's part. Conditions, loops,
// assignments, functions, filters, methods, literals and operators are rejected
// by name, as [KindUnsupported].
//
// Start at [Compile] and [Template.Append]. A source passes through lexer.go,
// parser.go and check.go; ast.go is what they share; eval.go and render.go
// bring the checked tree and the data together. The files in testdata/spec are
// the language's rules, one a file, and are run as tests.
package template
