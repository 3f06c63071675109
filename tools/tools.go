//go:build tools

// Package tools pins the programs that checks run, apart from what the library needs.
package tools

import (
	_ "github.com/golangci/golangci-lint/v2/cmd/golangci-lint" // make lint
	_ "github.com/rhysd/actionlint/cmd/actionlint"             // make lint
)
