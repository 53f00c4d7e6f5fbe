// Package sealtest seals facts as a site does, for tests (feature C9).
//
//	sealed := sealtest.Seal(t, "k1", secret, sealtest.Claims(time.Now().Add(time.Hour), map[string]any{"plan": "gold"}))
package sealtest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Claims are those of secure metadata that end at an instant.
func Claims(expires time.Time, facts map[string]any) map[string]any {
	return map[string]any{"exp": expires.Unix(), "usher.chat/metadata": facts}
}

// Seal seals claims with a key.
func Seal(t testing.TB, kid string, secret []byte, claims any) string {
	t.Helper()
	plain, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return Raw(t, jose.DIRECT, jose.A256GCM, secret, plain, map[jose.HeaderKey]any{"kid": kid})
}

// Raw seals any bytes by any algorithms that this library has, with any header.
func Raw(t testing.TB, alg jose.KeyAlgorithm, enc jose.ContentEncryption, key any, plain []byte, header map[jose.HeaderKey]any) string {
	t.Helper()
	o := &jose.EncrypterOptions{}
	for name, value := range header {
		o.WithHeader(name, value)
		if name == "zip" {
			o.Compression = jose.DEFLATE
		}
	}
	e, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	object, err := e.Encrypt(plain)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := object.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}
