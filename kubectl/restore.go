package kubectl

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"usher.chat/runtime/backup"
	"usher.chat/runtime/protocol"
)

type restoreOptions struct {
	env     *env
	file    string
	keyFile string
	timeout time.Duration

	keys []age.Identity
}

func (e *env) restoreCommand() *cobra.Command {
	o := &restoreOptions{env: e}
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into a new desk on SQLite",
		Long: `Put a file of "kubectl usher backup" into a desk on SQLite in which nothing has happened yet, of the same name. A desk
with a history is refused: restore into a new one, or delete its claim first (kubectl delete queues, pods and
pvc/data-usher-0), which is the moment at which its history is gone.

The file is checked here from its first byte to its last, sent, written beside the ledger, read back and checked again;
only then it takes its place, at once, and the runtime starts anew. Broken off before, nothing has changed.

People's sessions and links go on only if the Secrets usher-keys and usher-sign-in are those of that time; agents
sign in with new links otherwise.

What was erased after the backup was made is there again: "kubectl usher erase again" takes a list of it.

Rights: get on the Secret usher-operator, create on pods/portforward.`,
		Example: `  kubectl usher restore acme.usher -n acme
  kubectl usher restore acme.usher.age --key-file key.txt`,
		Args: cobra.ArbitraryArgs,
		RunE: runs(o),
	}
	f := c.Flags()
	f.StringVar(&o.keyFile, "key-file", "", "file with secret keys of age, for one of which the backup is encrypted")
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait for the runtime to start with it; 0 for not at all")
	return c
}

// Complete reads the arguments.
func (o *restoreOptions) Complete(c *cobra.Command, args []string) (err error) {
	o.file, err = one(c, args, "file", true)
	return err
}

// Validate what can be judged without a cluster: the whole file.
func (o *restoreOptions) Validate() error {
	if o.timeout < 0 {
		return usagef("--timeout %s: write 0 or more", o.timeout)
	}
	if o.keyFile != "" {
		file, err := os.Open(o.keyFile)
		if err != nil {
			return usagef("--key-file: %v", err)
		}
		defer shut(file)
		if o.keys, err = age.ParseIdentities(file); err != nil {
			return usagef("--key-file %s: no secret keys of age, as age-keygen makes them: %v", o.keyFile, err)
		}
	}
	return nil
}

// open the file, decrypted.
func (o *restoreOptions) open() (io.Reader, io.Closer, error) {
	file, err := os.Open(o.file)
	if err != nil {
		return nil, nil, usagef("%v", err)
	}
	in := bufio.NewReaderSize(file, 256<<10)
	begin, err := in.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, errors.Join(fmt.Errorf("could not read %s: %w", o.file, err), file.Close())
	}
	if !backup.Encrypted(begin) {
		return in, file, nil
	}
	if len(o.keys) == 0 {
		return nil, nil, errors.Join(&advised{err: backup.ErrEncrypted, what: fmt.Sprintf("%s is encrypted; give --key-file", o.file)}, file.Close())
	}
	plain, err := age.Decrypt(in, o.keys...)
	if err != nil {
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) {
			err = &advised{err: err, what: fmt.Sprintf("%s is encrypted for other keys than those of %s", o.file, o.keyFile)}
		} else {
			err = &advised{err: err, what: fmt.Sprintf("%s cannot be decrypted: it is damaged or not whole (%v)", o.file, err)}
		}
		return nil, nil, errors.Join(err, file.Close())
	}
	return plain, file, nil
}

// check reads all of the file.
func (o *restoreOptions) check() (header backup.Header, err error) {
	plain, file, err := o.open()
	if err != nil {
		return header, err
	}
	defer shut(file)
	r, err := backup.NewReader(plain)
	if err == nil {
		header = r.Header
		for _, bad := range r.Rows() {
			err = errors.Join(err, bad)
		}
	}
	switch {
	case errors.Is(err, backup.ErrTooNew):
		return header, &advised{err: err, what: fmt.Sprintf("%s: %v; use the kubectl usher and the runtime of that release", o.file, err)}
	case err != nil:
		return header, &advised{err: err, what: fmt.Sprintf("%s: %v; nothing was changed", o.file, err)}
	}
	return header, nil
}

// Run restores.
func (o *restoreOptions) Run(ctx context.Context) error {
	header, err := o.check()
	if err != nil {
		return err
	}
	fmt.Fprintf(o.env.ErrOut, "%s is whole: desk %s as of %s, %d entries\n", o.file, clean(header.Desk), header.At.Format("2006-01-02 15:04:05Z"), header.Last)
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	restored, err := o.send(ctx, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.env.ErrOut, "restored: %d entries in %d groups, hash %s; the runtime starts with it\n", restored.Entries, restored.Groups, restored.Hash)
	return o.wait(ctx, c, restored)
}

func (o *restoreOptions) send(ctx context.Context, c *cluster) (restored protocol.Restored, err error) {
	plain, file, err := o.open()
	if err != nil {
		return restored, err
	}
	defer shut(file)
	runtime, err := c.operator(ctx)
	if err != nil {
		return restored, err
	}
	defer runtime.Close()
	body, err := runtime.send(ctx, http.MethodPost, "restore", io.NopCloser(plain))
	if err != nil {
		return restored, err
	}
	defer shut(body)
	if err := json.NewDecoder(io.LimitReader(body, 1<<20)).Decode(&restored); err != nil {
		return restored, runtime.lost(err)
	}
	return restored, nil
}

// wait until the runtime has the restored ledger.
func (o *restoreOptions) wait(ctx context.Context, c *cluster, restored protocol.Restored) error {
	if o.timeout == 0 {
		return nil
	}
	over := time.After(o.timeout)
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		if last, err := o.position(ctx, c); err == nil && last > restored.Last { // it has said that it started
			_, err := fmt.Fprintln(o.env.Out, "the desk runs with the restored history; what was erased since the backup is in it again: kubectl usher erase again")
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over:
			return &TimeoutError{fmt.Sprintf("the backup is in place, but the runtime of %s did not start with it within %s; see \"kubectl describe pods -n %[1]s\"", c.namespace, o.timeout)}
		case <-again.C:
		}
	}
}

func (o *restoreOptions) position(ctx context.Context, c *cluster) (uint64, error) {
	runtime, err := c.operator(ctx)
	if err != nil {
		return 0, err
	}
	defer runtime.Close()
	info, err := runtime.ledger(ctx)
	return info.Last, err
}
