package access

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MetadataKeys are the keys of secure metadata by name, the kid of what they seal. All are valid at once: that is how
// one replaces another (docs/operations.md, Rotating keys).
type MetadataKeys map[string]Key

// metadataKeyBytes is the length of a key of A256GCM.
const metadataKeyBytes = 32

// Names are the keys' names, in order, each with the id that follows from its secret: other keys have others.
func (k MetadataKeys) Names() []string {
	names := make([]string, 0, len(k))
	for name, key := range k {
		names = append(names, name+" ("+key.id+")")
	}
	slices.Sort(names)
	return names
}

// LoadMetadataKeys reads a directory in which each file is a key and its name the key's: 32 bytes, or those in base64.
// No directory has no keys. What is wrong with some files does not make the others void: the keys are those that are
// right, and the error tells of the rest.
func LoadMetadataKeys(dir string) (MetadataKeys, error) {
	entries, err := os.ReadDir(dir) // in order of names
	if errors.Is(err, fs.ErrNotExist) {
		return MetadataKeys{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the keys of secure metadata: %w", err)
	}
	keys := MetadataKeys{}
	var wrong []error
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") { // of whoever mounted it
			continue
		}
		if len(keys) == MaxMetadataKeys {
			wrong = append(wrong, fmt.Errorf("the key %s: only %d are valid at once, the first by name", name, MaxMetadataKeys))
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			wrong = append(wrong, fmt.Errorf("read the key %s: %w", name, err))
			continue
		}
		key, err := metadataKey(content)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("the key %s: %w", name, err))
			continue
		}
		keys[name] = key
	}
	return keys, errors.Join(wrong...)
}

// metadataKey reads one. The length says which it is: base64 of 32 bytes has 43 or 44 characters.
func metadataKey(content []byte) (Key, error) {
	if len(content) == metadataKeyBytes {
		return NewKey(content)
	}
	text := strings.TrimRight(string(bytes.TrimSpace(content)), "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if secret, err := encoding.DecodeString(text); err == nil && len(secret) == metadataKeyBytes {
			return NewKey(secret)
		}
	}
	return Key{}, fmt.Errorf("%d bytes that are neither a key of %d bytes nor one in base64", len(content), metadataKeyBytes)
}
