// Package scenarios shows dockwall on real Docker engines: real clients dial real containers, before and after.
//
// There is one test for each claim that the project makes about a Docker host. Every test runs with every engine of
// DOCKWALL_ENGINES (Debian suites; bookworm and trixie where it is not set) and with both backends. Runs with the same
// engine, options and backend share one Docker host and take turns; what a run makes there, it removes.
//
// They need root, and are skipped without it; with CI=true that is a failure.
package scenarios
