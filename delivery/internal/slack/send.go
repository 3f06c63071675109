package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// How often and how patiently a message is tried. Slack asks to wait as long as its Retry-After says.
const (
	attempts  = 5
	firstWait = time.Second
	timeout   = 10 * time.Second
)

// hosts are where Slack's incoming webhooks live, the second for governments.
var hosts = []string{"hooks.slack.com", "hooks.slack-gov.com"}

// Sender sends messages. Its zero value is ready.
type Sender struct {
	// Transport carries the request. Default: http.DefaultTransport.
	Transport http.RoundTripper
	// Wait waits between attempts. Default: by the clock.
	Wait func(context.Context, time.Duration) error
}

// CheckWebhook refuses an address that is not one of a Slack webhook. What is sent there is readable to whoever owns it.
// The error does not repeat the address: it is a secret.
func CheckWebhook(webhook string) error {
	parsed, err := url.Parse(webhook)
	if err != nil || parsed.Scheme != "https" || parsed.User != nil || !slices.Contains(hosts, parsed.Host) ||
		len(parsed.Path) < 2 {
		return errors.New("the webhook is no address of Slack such as https://hooks.slack.com/services/T0/B0/x")
	}
	return nil
}

// Send posts a message, and again after a pause where Slack is busy or out of reach, until ctx ends. No error has the
// webhook's address in it.
func (s Sender) Send(ctx context.Context, webhook string, message *slack.WebhookMessage) error {
	if err := CheckWebhook(webhook); err != nil {
		return err
	}
	client := &http.Client{
		Transport: s.Transport,
		Timeout:   timeout,
		// A webhook answers itself: what sends elsewhere is not Slack's.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	pause := firstWait
	for attempt := 1; ; attempt++ {
		err := redact(slack.PostWebhookCustomHTTPContext(ctx, webhook, client, message), webhook)
		if err == nil {
			return nil
		}
		wait, again := patience(err, pause)
		if !again || attempt == attempts || ctx.Err() != nil {
			return fmt.Errorf("sending to Slack, attempt %d: %w", attempt, err)
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			return fmt.Errorf("sending to Slack, attempt %d: no time to wait %s: %w", attempt, wait, err)
		}
		if s.wait(ctx, wait) != nil {
			return fmt.Errorf("sending to Slack, attempt %d: %w", attempt, err)
		}
		pause *= 2
	}
}

// patience says how long to wait after an error, and whether it is worth trying again.
func patience(err error, pause time.Duration) (time.Duration, bool) {
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		return max(limited.RetryAfter, pause), true
	}
	var status slack.StatusCodeError
	if errors.As(err, &status) {
		return pause, status.Retryable()
	}
	return pause, true // the network
}

func (s Sender) wait(ctx context.Context, d time.Duration) error {
	if s.Wait != nil {
		return s.Wait(ctx, d)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// redacted is an error without the address of the webhook.
type redacted struct {
	error
	text string
}

func (r redacted) Error() string { return r.text }
func (r redacted) Unwrap() error { return r.error }

// redact takes the webhook out of an error's text. The errors of Go's HTTP client repeat the address.
func redact(err error, webhook string) error {
	if err == nil {
		return nil
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	text := strings.ReplaceAll(err.Error(), webhook, "(webhook)")
	if parsed, parseErr := url.Parse(webhook); parseErr == nil {
		text = strings.ReplaceAll(text, parsed.Path, "/(webhook)")
	}
	return redacted{error: err, text: text}
}
