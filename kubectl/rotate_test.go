package kubectl

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/controllers/specs"
)

func TestTheNamesOfKeysAreThoseOfTheOperator(t *testing.T) {
	if secretKeys != specs.SecretKeys || keySession != specs.KeySession {
		t.Errorf("%s and %s", secretKeys, keySession)
	}
}

func (p *plugin) keysOf(name string) map[string][]byte {
	p.t.Helper()
	var s corev1.Secret
	if err := p.Get(context.Background(), client.ObjectKey{Namespace: p.namespace, Name: name}, &s); err != nil {
		p.t.Fatal(err)
	}
	return s.Data
}

// whenSaid keeps what a command says, and does something when a word of it comes.
type whenSaid struct {
	strings.Builder
	word string
	then func()
}

func (w *whenSaid) Write(b []byte) (int, error) {
	n, err := w.Builder.Write(b)
	if strings.Contains(w.String(), w.word) {
		w.then()
	}
	return n, err
}

func TestKeysRotateInStepsAndTheOldOnesGoWhenTheirTimeIsOver(t *testing.T) {
	p := onCluster(t)
	now := time.Now()
	p.now = func() time.Time { return now }
	p.run("rotate-keys").ends(ExitFailed).names("there is no Secret usher-keys")
	a := bytes.Repeat([]byte{1}, 32)
	p.secret(secretKeys, map[string][]byte{keySession: a})
	p.secret(secretSignIn, map[string][]byte{keySignIn: a})
	p.run("rotate-keys", "--drop-old").done().names("has no old key")

	// Broken off in the wait: the new keys are accepted and sign nothing.
	running, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	said := &whenSaid{word: "waiting 2m0s", then: stop}
	code := p.start(running, genericiooptions.IOStreams{In: strings.NewReader(""), Out: said, ErrOut: said}, "rotate-keys")
	result{t, "rotate-keys", "", said.String(), code}.ends(ExitFailed).names("is accepted soon", "waiting 2m0s")
	half := p.keysOf(secretKeys)
	if !bytes.Equal(half[keySession], a) || len(half[keySession+specs.KeyOldSuffix]) != 32 {
		t.Fatalf("half way: %v", half)
	}
	p.run("rotate-keys", "--drop-old", "--now").ends(ExitFailed).names("in the middle of a rotation")

	now = now.Add(3 * time.Minute)
	p.run("rotate-keys").done().names("usher-keys: the new key signs sessions", "usher-sign-in: the new key signs links")
	for name, key := range map[string]string{secretKeys: keySession, secretSignIn: keySignIn} {
		got := p.keysOf(name)
		if !bytes.Equal(got[key+specs.KeyOldSuffix], a) || bytes.Equal(got[key], a) || len(got[key]) != 32 {
			t.Fatalf("%s: %v", name, got)
		}
	}
	if got := p.keysOf(secretKeys); !bytes.Equal(got[keySession], half[keySession+specs.KeyOldSuffix]) {
		t.Error("another key signs than the one that was accepted")
	}
	now = now.Add(24 * time.Hour)
	p.run("rotate-keys").ends(ExitFailed).names("has an old key still", "--drop-old")
	p.run("rotate-keys", "--drop-old").ends(ExitFailed).names("may be good until", "--now")
	now = now.Add(7 * 24 * time.Hour)
	p.run("rotate-keys", "--drop-old").ends(ExitFailed).names("usher-keys: the old key is gone", "in usher-sign-in has signed may be good until")
	p.run("rotate-keys", "--drop-old", "--now").done().names("usher-sign-in: the old key is gone")
	if got := p.keysOf(secretSignIn); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
	p.run("rotate-keys", "--settle", "0").done()
	p.run("rotate-keys", "--now").ends(ExitUsage)
}

// Broken off between the two Secrets, for longer than a moment: what is in the middle comes to its end, and the other one
// keeps the keys that it has.
func TestARotationThatWasBrokenOffBetweenTheSecretsGoesOn(t *testing.T) {
	p := onCluster(t)
	now := time.Now()
	p.now = func() time.Time { return now }
	a, b := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	p.secret(secretKeys, map[string][]byte{keySession: a})
	p.secret(secretSignIn, map[string][]byte{keySignIn: a})
	for _, r := range rings() {
		var s corev1.Secret
		if err := p.Get(t.Context(), client.ObjectKey{Namespace: p.namespace, Name: r.secret}, &s); err != nil {
			t.Fatal(err)
		}
		step, signs, accepted := stepSigns, b, a
		if r.secret == secretSignIn {
			step, signs, accepted = stepAccepted, a, b
		}
		s.Data[r.key], s.Data[r.key+specs.KeyOldSuffix] = signs, accepted
		s.Annotations = map[string]string{annotationStep: step, annotationAt: now.UTC().Format(time.RFC3339)}
		if err := p.Update(t.Context(), &s); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(time.Hour)
	p.run("rotate-keys").done().names("usher-sign-in: the new key signs links")
	for name, key := range map[string]string{secretKeys: keySession, secretSignIn: keySignIn} {
		got := p.keysOf(name)
		if !bytes.Equal(got[key], b) || !bytes.Equal(got[key+specs.KeyOldSuffix], a) {
			t.Errorf("%s: %v", name, got)
		}
	}
	// With an old key in one of them nothing is begun in the other.
	now = now.Add(8 * 24 * time.Hour)
	p.run("rotate-keys", "--drop-old").ends(ExitFailed).names("usher-keys: the old key is gone")
	p.run("rotate-keys").ends(ExitFailed).names("usher-sign-in has an old key still")
	if got := p.keysOf(secretKeys); len(got) != 1 {
		t.Errorf("a rotation of usher-keys alone has begun: %v", got)
	}
}
