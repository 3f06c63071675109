package toolchain

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// heartbeat is how often something that takes long says that it is alive.
const heartbeat = 15 * time.Second

// progress prints one line a step, and more while a step lasts. Steps may run at the same time.
type progress struct {
	mu    sync.Mutex
	out   io.Writer
	start time.Time
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, start: time.Now()}
}

// say prints a line with the time since the start.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "[%6s] %s\n", time.Since(p.start).Round(time.Second), fmt.Sprintf(format, args...))
}

// step runs do, and says so before, while and after.
func (p *progress) step(ctx context.Context, name, title string, do func(context.Context) error) error {
	start := time.Now()
	took := func() time.Duration { return time.Since(start).Round(time.Second) }
	p.say("%s", title)
	done := make(chan struct{})
	var beats sync.WaitGroup
	beats.Go(func() {
		ticker := time.NewTicker(heartbeat)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				p.say("%s: still at it after %s", name, took())
			}
		}
	})
	err := do(ctx)
	close(done)
	beats.Wait()
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("%s: stopped after %s: %w", name, took(), err)
	}
	if err != nil {
		return fmt.Errorf("%s: failed after %s: %w", name, took(), err)
	}
	p.say("%s: ready after %s", name, took())
	return nil
}
