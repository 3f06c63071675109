package toolchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// unfinished ends the names of folders that are being filled.
const unfinished = ".unfinished"

// tool is a folder in the cache and how to fill it.
type tool struct {
	name   string
	title  string
	folder string
	// proof is a file in the folder, without which the folder is not whole.
	proof string
	fill  func(ctx context.Context, folder string) error
}

func (t tool) path() string { return filepath.Join(t.folder, t.proof) }

func (t tool) present() bool {
	_, err := os.Stat(t.path())
	return err == nil
}

// make fills the folder beside its place and moves it there when it is whole: an interrupted run leaves nothing that
// looks finished.
func (t *Toolchain) make(ctx context.Context, wanted tool) error {
	if wanted.present() {
		return nil
	}
	return t.progress.step(ctx, wanted.name, wanted.title, func(ctx context.Context) error {
		work := wanted.folder + unfinished
		if err := os.MkdirAll(work, 0o755); err != nil {
			return fmt.Errorf("making folder: %w", err)
		}
		defer func() { _ = os.RemoveAll(work) }()
		if err := wanted.fill(ctx, work); err != nil {
			return err
		}
		// A folder without its proof was damaged by hand; it would stand in the way of the rename.
		if err := os.RemoveAll(wanted.folder); err != nil {
			return fmt.Errorf("removing damaged folder: %w", err)
		}
		if err := os.Rename(work, wanted.folder); err != nil {
			return fmt.Errorf("moving %s into place: %w", wanted.name, err)
		}
		return nil
	})
}

// keyed names a folder of the cache after all that decides what is in it.
func (t *Toolchain) keyed(name string, files, words []string) (string, error) {
	sum := sha256.New()
	for _, word := range words {
		fmt.Fprintln(sum, word)
	}
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(t.source, file))
		if err != nil {
			return "", fmt.Errorf("reading what %s is made of: %w", name, err)
		}
		fmt.Fprintln(sum, file, len(data))
		sum.Write(data)
	}
	return filepath.Join(t.cache, name+"-"+hex.EncodeToString(sum.Sum(nil))[:16]), nil
}
