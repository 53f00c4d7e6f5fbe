package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Names of the files in a directory of keys. A file is the key, byte for byte.
const (
	SessionFile = "session"
	SignInFile  = "sign-in"
	// OldSuffix is added to the name of a key that signs no more but is accepted still.
	OldSuffix = "-old"
)

// MinKeyBytes is the length of the shortest key: that of the hash, as RFC 7518 has it.
const MinKeyBytes = 32

const maxKeyBytes = 1024

// Keys sign and check tokens. Sessions and sign-in links have keys of their own, so that whoever may
// make links cannot make sessions.
type Keys struct {
	Session Ring
	SignIn  Ring
}

// Ring is the keys of one purpose: the first signs, all are accepted.
type Ring []Key

// Key is one secret.
type Key struct {
	id     string
	secret []byte
}

// NewKey takes a secret of at least [MinKeyBytes]. Its name in tokens follows from it.
func NewKey(secret []byte) (Key, error) {
	if len(secret) < MinKeyBytes || len(secret) > maxKeyBytes {
		return Key{}, fmt.Errorf("a key has %d to %d bytes, this one has %d", MinKeyBytes, maxKeyBytes, len(secret))
	}
	sum := sha256.Sum256(append([]byte("usher.chat/key-id\x00"), secret...))
	return Key{id: base64.RawURLEncoding.EncodeToString(sum[:9]), secret: append([]byte(nil), secret...)}, nil
}

// ID names the key in the header of a token. It tells nothing of the secret.
func (k Key) ID() string { return k.id }

// String keeps the secret out of logs.
func (k Key) String() string { return "key " + k.id }

// GoString keeps the secret out of logs.
func (k Key) GoString() string { return k.String() }

// Names are the ids of the keys of both rings, in order: other keys have others.
func (k Keys) Names() (names []string) {
	for _, ring := range []Ring{k.Session, k.SignIn} {
		for _, key := range ring {
			names = append(names, key.id)
		}
		names = append(names, "")
	}
	return names
}

func (r Ring) find(id string) (Key, bool) {
	for _, k := range r {
		if k.id == id {
			return k, true
		}
	}
	return Key{}, false
}

// LoadKeys reads the keys of a directory: the files session and sign-in, and beside each, if there is
// one, the key that it replaced: session-old, sign-in-old.
func LoadKeys(dir string) (Keys, error) {
	return LoadKeyFiles(filepath.Join(dir, SessionFile), filepath.Join(dir, SignInFile))
}

// LoadKeyFiles reads the keys from two files that need not be in one directory, as when each is
// mounted from a Secret of its own.
func LoadKeyFiles(session, signIn string) (Keys, error) {
	var keys Keys
	var err error
	if keys.Session, err = loadRing(session); err != nil {
		return Keys{}, err
	}
	if keys.SignIn, err = loadRing(signIn); err != nil {
		return Keys{}, err
	}
	return keys, nil
}

func loadRing(path string) (Ring, error) {
	current, err := loadKey(path)
	if err != nil {
		return nil, err
	}
	old, err := loadKey(path + OldSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return Ring{current}, nil
	}
	if err != nil {
		return nil, err
	}
	return Ring{current, old}, nil
}

func loadKey(path string) (Key, error) {
	secret, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("read a key: %w", err)
	}
	key, err := NewKey(secret)
	if err != nil {
		return Key{}, fmt.Errorf("read the key %s: %w", path, err)
	}
	return key, nil
}

// GenerateKeys makes the keys that a directory does not have yet, readable by nobody else, and reads
// them all. It is for development and tests; in a cluster the operator makes them. Keys that are there
// stay as they are.
func GenerateKeys(dir string) (Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Keys{}, fmt.Errorf("make the directory of the keys: %w", err)
	}
	for _, name := range []string{SessionFile, SignInFile} {
		if err := generate(filepath.Join(dir, name)); err != nil {
			return Keys{}, fmt.Errorf("make the key %s: %w", name, err)
		}
	}
	return LoadKeys(dir)
}

// generate writes a key under another name first and then links it to its own: two that start at once
// agree on one key, and a crash leaves none that is half written.
func generate(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // a leftover does no harm
	secret := make([]byte, MinKeyBytes)
	if _, err := rand.Read(secret); err != nil {
		return errors.Join(err, file.Close())
	}
	if _, err := file.Write(secret); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
