// Package scenarios shows dockwall on real Docker engines: real clients dial real containers, before and after.
//
// There is one test for each claim that the project makes about a Docker host. Every test runs with every engine of
// DOCKWALL_ENGINES (Debian suites; bookworm and trixie where it is not set) and with both backends. Tests of the same
// engine with the same options share it and take turns; what a test makes there, it removes.
//
// They need root, and are skipped without it; with CI=true that is a failure.
package scenarios
