// Package manifests tests what config installs, by applying it to a real API
// server as a user would, and asking that server what it allows. It has no code
// but tests.
//
// Start at TestInstall.
package manifests
