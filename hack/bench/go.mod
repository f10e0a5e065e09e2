module github.com/maestra-io/webhook-operator/hack/bench

go 1.26.0

replace github.com/maestra-io/webhook-operator => ../..

require (
	github.com/maestra-io/webhook-operator v0.0.0-00010101000000-000000000000
	github.com/mailgun/raymond/v2 v2.0.48
	github.com/osteele/liquid v1.6.0
)

require (
	github.com/osteele/tuesday v1.0.3 // indirect
	github.com/sirupsen/logrus v1.8.1 // indirect
	golang.org/x/sys v0.49.0 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
)
