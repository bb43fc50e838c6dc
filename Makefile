# make demo and make test are all a newcomer needs; both install the Debian packages they miss (as root).

GO ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: build package demo test test-engines machine lint bench fuzz fuzz-kernel soak testbed record clean packages

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/dockwall ./cmd/dockwall

# .deb and .rpm for amd64 and arm64, SHA256SUMS and lists of what is in the binaries: dist/, from the last commit.
package:
	GO='$(GO)' scripts/package.sh dist
	scripts/check-packages.sh dist
	scripts/try-package.sh dist

packages:
	@scripts/packages.sh

# A real Docker engine in a throwaway namespace: open, closed by the recipe's policy, open again.
demo: packages build
	$(GO) run ./cmd/dockwall-demo

# Everything, with real engines (20.10 and 26.1) where it runs as root. The race detector looks at all packages but
# packetset, which starts no goroutine, and whose billions of small steps would take five times as long under it.
UNWATCHED := -gcflags=github.com/dockwall/dockwall/internal/packetset=-race=false
test: packages lint build
	$(GO) test -run Garbage ./internal/netfilter/...
	$(GO) test -race $(UNWATCHED) -timeout 40m ./...

# A machine with systemd and the .deb: booted, upgraded, tried on probation, restarted, and the package removed and purged.
machine: packages
	$(GO) test -count=1 -run TestMachine -v ./packaging -machine.whole

# The engine scenarios with all three engines, 28.5 too.
test-engines: packages build
	DOCKWALL_ENGINES=bookworm,trixie,forky $(GO) test -count=1 -timeout 60m ./internal/testbed/... ./internal/scenarios/...

lint:
	@unformatted=$$(gofmt -l cmd internal); if [ -n "$$unformatted" ]; then echo "gofmt: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

bench: packages
	$(GO) run ./cmd/dockwall-bench

# A short run of every fuzz target; FUZZTIME=10m for longer.
FUZZTIME ?= 10s
fuzz:
	scripts/fuzz.sh $(FUZZTIME)

# Generated rules and packets, the kernel's way against walk's, with fresh seeds for FUZZTIME (and no less than one round).
fuzz-kernel: packages
	$(GO) test -count=1 -timeout 0 -run 'TestKeptCases|TestTheKernelGoesWalksWay' -v ./internal/pathwitness -pathwitness.time=$(FUZZTIME)

# Random faults on real engines, for DURATION with each backend; dockwall is killed before every write of an apply first.
DURATION ?= 1h
soak: packages build
	$(GO) test -count=1 -timeout 0 -run TestKilledAtEveryStep -v ./internal/scenarios -faults.every
	$(GO) test -count=1 -timeout 0 -run TestSoak -v ./internal/scenarios -soak=$(DURATION)

# The hosts in internal/recorded/testdata anew, with all three engines: a minute. Then look at what git says has changed.
record: packages
	$(GO) run ./cmd/dockwall-testbed record
	$(GO) test -count=1 ./internal/recorded -update

testbed: packages build
	$(GO) run ./cmd/dockwall-testbed up

clean:
	rm -rf bin dist
