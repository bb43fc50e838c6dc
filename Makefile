build:
	CGO_ENABLED=0 go build -trimpath -o bin/dockwall ./cmd/dockwall
.PHONY: build
