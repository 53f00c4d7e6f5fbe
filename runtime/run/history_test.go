package run_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"usher.chat/runtime/protocol"
)

// history is the whole of a customer's conversation, page by page.
func history(ctx context.Context, t *testing.T, url, session string) (list []protocol.Message) {
	t.Helper()
	for before := uint64(0); ; {
		address := url + "/v1/customer/messages?limit=200"
		if before > 0 {
			address += "&before=" + strconv.FormatUint(before, 10)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+session)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var page protocol.MessagePage
		err = json.NewDecoder(resp.Body).Decode(&page)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v", resp.Status, err)
		}
		list = append(page.Messages, list...)
		if before = page.Before; before == 0 {
			return list
		}
	}
}
