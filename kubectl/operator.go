package kubectl

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"usher.chat/runtime/protocol"
)

// secretOperator has the client certificate that may change.
const secretOperator = "usher-operator"

// operator opens the way to the runtime with the certificate that may change things. The pod need not be ready.
func (c *cluster) operator(ctx context.Context) (*controlClient, error) {
	config, err := c.certificate(ctx, secretOperator, "erasing, moving, saving and restoring need")
	if err != nil {
		return nil, err
	}
	way, err := c.env.tunnel(ctx, c.anyPod())
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return way.Dial(ctx) },
		TLSClientConfig:     config,
		TLSHandshakeTimeout: answerWithin,
	}
	return &controlClient{desk: c.namespace, http: &http.Client{Transport: transport}, tunnel: way}, nil
}

// anyPod is the cluster for which a pod will do that runs and is not ready.
func (c *cluster) anyPod() *cluster {
	other := *c
	other.unready = true
	return &other
}

// send asks with a body for something that changes the desk. The caller closes the answer.
func (c *controlClient) send(ctx context.Context, method, path string, body io.Reader) (io.ReadCloser, error) {
	address := url.URL{Scheme: "https", Host: controlName, Path: "/control/v1/" + path}
	request, err := http.NewRequestWithContext(ctx, method, address.String(), body)
	if err != nil {
		return nil, fmt.Errorf("could not ask the runtime: %w", err)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, c.lost(err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer shut(answer.Body)
	var told protocol.ErrorBody
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&told); err != nil || told.Error.Message == "" {
		return nil, fmt.Errorf("the runtime of %s answered with status %d", c.desk, answer.StatusCode)
	}
	return nil, &refusal{status: answer.StatusCode, message: clean(told.Error.Message)}
}

// ledger tells of the desk's ledger.
func (c *controlClient) ledger(ctx context.Context) (info protocol.LedgerInfo, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	body, err := c.get(ctx, "ledger", nil)
	if err != nil {
		return info, err
	}
	defer shut(body)
	if err := json.NewDecoder(io.LimitReader(body, maxLine)).Decode(&info); err != nil {
		return info, c.lost(err)
	}
	return info, nil
}

// migrate has the ledger moved and hands on each line, the last of which is its end.
func (c *controlClient) migrate(ctx context.Context, files map[string][]byte, take func(protocol.MigrateLine)) (last protocol.MigrateLine, err error) {
	request, err := json.Marshal(protocol.MigrateRequest{Files: files})
	if err != nil {
		return last, fmt.Errorf("could not ask the runtime: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	body, err := c.send(ctx, http.MethodPost, "migration", bytes.NewReader(request))
	if err != nil {
		return last, err
	}
	defer shut(body)
	silence := watchSilence(cancel)
	defer silence.Stop()
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		silence.Reset(silentAtMost)
		var line protocol.MigrateLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return last, fmt.Errorf("could not read the answer of the runtime: %w", err)
		}
		if line.Progress == nil {
			return line, nil
		}
		take(line)
	}
	if err := lines.Err(); err != nil {
		return last, c.lost(err)
	}
	return last, c.lost(io.ErrUnexpectedEOF)
}
