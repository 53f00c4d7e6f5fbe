package runtimeclient

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"usher.chat/runtime/settings"
)

// Bounds of what a runtime may say.
const (
	maxAnswer = 8 << 20
	maxLine   = 16 << 20
)

// Answer is what the runtime says to settings that it has applied and stored.
type Answer struct {
	Version string           `json:"version"`
	Applied settings.Applied `json:"applied"`
}

// RefusedError is the runtime's no: the same settings will not do another time.
type RefusedError struct {
	Status  int
	Code    string
	Message string
}

func (e *RefusedError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("the runtime answered %d", e.Status)
	}
	return fmt.Sprintf("%s (%s)", e.Message, e.Code)
}

func url(desk, path string) string { return "https://" + ServerName(desk) + ":8443" + path }

func putSettings(ctx context.Context, c *http.Client, desk string, body []byte) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url(desk, "/control/v1/settings"), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking %q to apply settings: %w", desk, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %q to apply settings: %w", desk, err)
	}
	defer func() { _ = res.Body.Close() }() // it was read as far as anybody wants
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %q: %w", desk, err)
	}
	if res.StatusCode == http.StatusOK {
		var answer Answer
		if err := json.Unmarshal(data, &answer); err != nil {
			return nil, fmt.Errorf("reading the answer of %q: %w", desk, err)
		}
		return &answer, nil
	}
	return nil, refusal(desk, res.StatusCode, data)
}

// refusal tells a no for ever, which is a RefusedError, from a not now.
func refusal(desk string, status int, data []byte) error {
	var said struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(data, &said) // without words the status has to do
	r := &RefusedError{Status: status, Code: said.Error.Code, Message: said.Error.Message}
	final := status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
	if final {
		return r
	}
	return fmt.Errorf("%q cannot apply settings now: %s", desk, r.Error())
}

// errQuiet ends a stream on which nothing came for too long.
var errQuiet = errors.New("no line for too long")

// streamReports calls each for every report until the stream ends. It never returns nil.
func streamReports(ctx context.Context, c *http.Client, desk string, idle time.Duration, each func(*settings.Report)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A watchdog of the connection, not of the domain: the wall clock is right here.
	watchdog := time.AfterFunc(idle, func() { cancel(errQuiet) })
	defer watchdog.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url(desk, "/control/v1/reports"), nil)
	if err != nil {
		return fmt.Errorf("asking %q for reports: %w", desk, err)
	}
	res, err := c.Do(req)
	if err != nil {
		return fmt.Errorf("asking %q for reports: %w", desk, err)
	}
	defer func() { _ = res.Body.Close() }() // it was read as far as anybody wants
	if res.StatusCode != http.StatusOK {
		data, _ := io.ReadAll(io.LimitReader(res.Body, 4096)) // words, if there are any
		return fmt.Errorf("asking %q for reports: %w", desk, refusal(desk, res.StatusCode, data))
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for lines.Scan() {
		watchdog.Reset(idle)
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		r, err := DecodeReport(line)
		if err != nil {
			return fmt.Errorf("reading a report of %q: %w", desk, err)
		}
		each(r)
	}
	switch err := lines.Err(); {
	case context.Cause(ctx) != nil:
		return fmt.Errorf("listening to %q: %w", desk, context.Cause(ctx))
	case err != nil:
		return fmt.Errorf("listening to %q: %w", desk, err)
	}
	return fmt.Errorf("listening to %q: %w", desk, io.EOF)
}

// DecodeReport reads one line of a stream of reports. Fields that it does not know are passed
// over: a runtime may be newer than its operator.
func DecodeReport(line []byte) (*settings.Report, error) {
	var r settings.Report
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// backoff doubles from first to most, each time between half and the whole of it.
type backoff struct {
	first, most time.Duration
	step        time.Duration
}

func (b *backoff) next() time.Duration {
	if b.step == 0 {
		b.step = b.first
	} else {
		b.step = min(b.step*2, b.most)
	}
	return b.step/2 + rand.N(b.step/2+1)
}

func (b *backoff) reset() { b.step = 0 }
