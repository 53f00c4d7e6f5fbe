package kubectl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"usher.chat/runtime/backup"
)

type backupOptions struct {
	env        *env
	file       string
	recipients []string
	keyFile    string
	overwrite  bool

	to []age.Recipient
}

func (e *env) backupCommand() *cobra.Command {
	o := &backupOptions{env: e}
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Save a desk on SQLite into one file, while it runs",
		Long: `Save the history of a desk on SQLite into one file, as of one moment, while the desk runs. The file has its counts and
a hash, which are checked before it gets its name. With a key it is encrypted on this machine (age, https://age-encryption.org).

Not in it: the keys of sessions and links (Secrets usher-keys and usher-sign-in), those of secure metadata (usher-metadata,
without which what sites sealed is unreadable), and what is declared (Queues, Teams and so on). A desk on PostgreSQL is saved with the database's own tools.

Rights: get on the Secret usher-operator, create on pods/portforward.`,
		Example: `  kubectl usher backup acme.usher -n acme
  kubectl usher backup acme.usher.age --recipient age1...
  kubectl usher backup acme.usher.age --key-file key.txt`,
		Args: cobra.ArbitraryArgs,
		RunE: runs(o),
	}
	f := c.Flags()
	f.StringArrayVar(&o.recipients, "recipient", nil, "public key of age for which the file is encrypted; may be given several times")
	f.StringVar(&o.keyFile, "key-file", "", "file with keys of age, public or secret, for which the file is encrypted")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace FILE if it is there")
	_ = c.RegisterFlagCompletionFunc("recipient", cobra.NoFileCompletions)
	return c
}

// Complete reads the arguments.
func (o *backupOptions) Complete(c *cobra.Command, args []string) (err error) {
	o.file, err = one(c, args, "file", true)
	return err
}

// Validate what can be judged without a cluster.
func (o *backupOptions) Validate() error {
	for _, text := range o.recipients {
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return usagef("--recipient %s: %v", text, err)
		}
		o.to = append(o.to, r)
	}
	if o.keyFile != "" {
		more, err := recipientsIn(o.keyFile)
		if err != nil {
			return err
		}
		o.to = append(o.to, more...)
	}
	if _, err := os.Stat(o.file); err == nil && !o.overwrite {
		return usagef("%s is there already; give --overwrite, or another name", o.file)
	}
	return nil
}

// recipientsIn are those of a file of public keys, or of secret ones.
func recipientsIn(path string) ([]age.Recipient, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("--key-file: %v", err)
	}
	if recipients, err := age.ParseRecipients(bytes.NewReader(b)); err == nil {
		return recipients, nil
	}
	identities, err := age.ParseIdentities(bytes.NewReader(b))
	if err != nil {
		return nil, usagef("--key-file %s: no keys of age, as age-keygen makes them: %v", path, err)
	}
	var recipients []age.Recipient
	for _, i := range identities {
		switch i := i.(type) {
		case *age.X25519Identity:
			recipients = append(recipients, i.Recipient())
		case *age.HybridIdentity:
			recipients = append(recipients, i.Recipient())
		default:
			return nil, usagef("--key-file %s: a key of the kind %T cannot be used", path, i)
		}
	}
	return recipients, nil
}

// Run saves.
func (o *backupOptions) Run(ctx context.Context) (err error) {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	runtime, err := c.operator(ctx)
	if err != nil {
		return err
	}
	defer runtime.Close()
	body, err := runtime.send(ctx, http.MethodPost, "backup", nil)
	if err != nil {
		return err
	}
	defer shut(body)
	// Beside its place, so that a file of that name is always whole.
	file, err := os.CreateTemp(filepath.Dir(o.file), "."+filepath.Base(o.file)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("could not write the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}()
	header, text, err := o.save(file, body)
	var kind backup.Error
	if errors.As(err, &kind) {
		return &advised{err: err, what: fmt.Sprintf("the runtime of %s broke off (%v); nothing was saved, try again", c.namespace, err)}
	}
	if err != nil {
		return fmt.Errorf("could not save the desk: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("could not write the backup: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("could not write the backup: %w", err)
	}
	if err := os.Rename(file.Name(), o.file); err != nil {
		return fmt.Errorf("could not write the backup: %w", err)
	}
	if len(o.to) == 0 {
		o.env.warn(o.file + " is not encrypted: it has all that people have written; give --recipient or --key-file")
	}
	_, err = fmt.Fprintf(o.env.Out, "%s: desk %s as of %s, %s\n", o.file, header.Desk, header.At.Format("2006-01-02 15:04:05Z"), text)
	return err
}

// save writes what comes and reads it at the same time, so that what gets its name was checked.
func (o *backupOptions) save(file io.Writer, from io.Reader) (header backup.Header, text string, err error) {
	out := io.WriteCloser(nopCloser{file})
	if len(o.to) > 0 {
		if out, err = age.Encrypt(file, o.to...); err != nil {
			return header, "", err
		}
	}
	r, err := backup.NewReader(io.TeeReader(from, out))
	if err != nil {
		return header, "", err
	}
	shown := uint64(0)
	for row, err := range r.Rows() {
		if err != nil {
			return r.Header, "", err
		}
		if percent := 100 * row.Last() / r.Header.Last; percent/10 != shown/10 {
			shown = percent
			fmt.Fprintf(o.env.ErrOut, "%d%% (%d of %d entries)\n", percent, row.Last(), r.Header.Last)
		}
	}
	chain, _ := r.Chain()
	return r.Header, fmt.Sprintf("%d entries in %d groups, hash %s", chain.Entries, chain.Groups, chain.Sum), out.Close()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
