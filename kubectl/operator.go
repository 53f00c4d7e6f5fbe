package kubectl

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

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
	return c.anyPod().open(ctx, config)
}

// anyPod is the cluster for which a pod will do that runs and is not ready.
func (c *cluster) anyPod() *cluster {
	other := *c
	other.unready = true
	return &other
}

// send asks for something that changes the desk. The caller closes the answer.
func (c *controlClient) send(ctx context.Context, method, path string, body io.Reader) (io.ReadCloser, error) {
	return c.ask(ctx, method, path, nil, body)
}

// ledger tells of the desk's ledger.
func (c *controlClient) ledger(ctx context.Context) (info protocol.LedgerInfo, err error) {
	err = c.read(ctx, "ledger", nil, &info)
	return info, err
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
