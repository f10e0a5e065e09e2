// Package admission decides whether the dispatcher as a whole has room for more
// calls: memory for what is being taken in, and disk for what would be kept. It
// refuses early, so that neither ever runs out: what was answered 202 is not lost
// to a full disk, and the process is not killed for its memory.
//
// Guarantees: [Controller.Admit] takes no lock that a slow disk or a collection
// of garbage holds; requests under way never hold more than the configured bytes;
// disk and memory are looked at several times a second ([Controller.Run]).
//
// Non-goals: bounds of one integration (package engine), the rate of one caller.
//
// Start at [Controller.Admit].
package admission
