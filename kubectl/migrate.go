package kubectl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/protocol"
)

// claimName is the claim that stands for a desk's SQLite ledger (docs/adr/0014).
const claimName = "data-usher-0"

// migrateAgain is the pause before a lost connection is tried anew, migrateTries how often in a row without progress.
const (
	migrateAgain = 2 * time.Second
	migrateTries = 30
)

type migrateOptions struct {
	env      *env
	takeBack bool
	timeout  time.Duration
}

func (e *env) migrateCommand() *cobra.Command {
	o := &migrateOptions{env: e}
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Take a desk with its history from SQLite to the PostgreSQL of its spec.store",
		Long: `Take a desk with its history from SQLite to PostgreSQL. First write the database into the Desk
(spec.store.postgres) and put its Secret there; the desk goes on with SQLite and says MigrationNeeded.

The runtime copies its ledger while it serves, reads the copy back and compares both by their number of entries and a
chain of hashes. At the end nothing is acknowledged for a moment, the rest follows, and the old ledger is left for good;
people connect again when the pods of PostgreSQL are there, and nothing that was acknowledged is lost. Then the claim
data-usher-0 gets the annotation usher.chat/ledger-retired, and the operator exchanges the pods.

It can be broken off and run again at any moment; it goes on where it was. The volume stays, and its ledger is not used
again unless --take-back says so.

Rights: get on the Desk, its Secrets and usher-operator, create on pods/portforward, patch on the claim.`,
		Example: `  kubectl usher migrate -n acme
  kubectl usher migrate -n acme --timeout 0`,
		Args:              cobra.NoArgs,
		RunE:              runs(o),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	c.Flags().DurationVar(&o.timeout, "timeout", 10*time.Minute, "how long to wait for the pods of PostgreSQL when all is copied; 0 for not at all")
	c.Flags().BoolVar(&o.takeBack, "take-back", false, "use the ledger in the volume again that was left; what came after the move is not in it")
	return c
}

// Complete has nothing to read.
func (o *migrateOptions) Complete(*cobra.Command, []string) error { return nil }

// Validate what can be judged without a cluster.
func (o *migrateOptions) Validate() error {
	if o.timeout < 0 {
		return usagef("--timeout %s: write 0 or more", o.timeout)
	}
	return nil
}

// Run moves.
func (o *migrateOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	if o.takeBack {
		return o.back(ctx, c)
	}
	d := c.desk(ctx)
	if d == nil || d.Spec.Store.Postgres == nil {
		return &advised{what: fmt.Sprintf(
			"the Desk of namespace %s names no database to move to; write spec.store.postgres.secretRef.name, see \"kubectl explain desk.spec.store\"", c.namespace)}
	}
	claim, err := c.claim(ctx)
	if err != nil {
		return err
	}
	if said := claim.Annotations[v1alpha1.AnnotationRetired]; said != "" {
		fmt.Fprintf(o.env.ErrOut, "the ledger in %s was left already: %s\n", claimName, clean(said))
		return o.wait(ctx, c)
	}
	files, err := c.storeFiles(ctx, d.Spec.Store.Postgres)
	if err != nil {
		return err
	}
	moved, err := o.move(ctx, c, files)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.env.ErrOut, "compared: %d entries in %d groups, hash %s; nothing was acknowledged for %s\n",
		moved.Entries, moved.Groups, moved.Hash, time.Duration(moved.PausedMS)*time.Millisecond)
	if err := c.retire(ctx, claim, moved); err != nil {
		return err
	}
	return o.wait(ctx, c)
}

// move asks the runtime, again when the way to it is lost, until it has an end.
func (o *migrateOptions) move(ctx context.Context, c *cluster, files map[string][]byte) (*protocol.LedgerMoved, error) {
	shown := ""
	for tries := 0; ; tries++ {
		last, err := o.try(ctx, c, files, func(line protocol.MigrateLine) {
			tries = 0
			p := line.Progress
			text := p.Phase
			if p.Total > 0 {
				text = fmt.Sprintf("%s %d%%", p.Phase, 100*p.Done/p.Total)
			}
			if text != shown {
				shown = text
				fmt.Fprintf(o.env.ErrOut, "%s (%d of %d entries)\n", text, p.Done, p.Total)
			}
		})
		var refused *refusal
		switch {
		case err == nil && last.Moved != nil:
			return last.Moved, nil
		case err == nil && last.Error != nil && last.Error.Code == protocol.CodeTargetInUse:
			return nil, &advised{what: fmt.Sprintf(
				"%s. Nothing was changed and the desk goes on with SQLite; name an empty database in spec.store.postgres, or drop that schema if nobody needs it", clean(last.Error.Message))}
		case err == nil && last.Error != nil:
			return nil, &advised{what: fmt.Sprintf(
				"the move did not come to its end: %s. The desk goes on with SQLite; run this again, it goes on where it was", clean(last.Error.Message))}
		case errors.As(err, &refused) && refused.status != http.StatusServiceUnavailable, ctx.Err() != nil, tries >= migrateTries:
			return nil, &advised{err: err, what: fmt.Sprintf("%v. Nothing is lost: run this again, it goes on where it was", err)}
		}
		fmt.Fprintf(o.env.ErrOut, "%v; trying again\n", err)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(migrateAgain):
		}
	}
}

func (o *migrateOptions) try(ctx context.Context, c *cluster, files map[string][]byte, take func(protocol.MigrateLine)) (protocol.MigrateLine, error) {
	runtime, err := c.operator(ctx)
	if err != nil {
		return protocol.MigrateLine{}, err
	}
	defer runtime.Close()
	return runtime.migrate(ctx, files, take)
}

// back lets the runtime use a ledger again that was left.
func (o *migrateOptions) back(ctx context.Context, c *cluster) error {
	runtime, err := c.operator(ctx)
	if err != nil {
		return err
	}
	defer runtime.Close()
	body, err := runtime.send(ctx, http.MethodDelete, "migration", nil)
	if err != nil {
		return err
	}
	defer shut(body)
	_, err = fmt.Fprintln(o.env.Out, "the ledger in the volume is in use again")
	return err
}

// wait until the operator has exchanged the pods.
func (o *migrateOptions) wait(ctx context.Context, c *cluster) error {
	if o.timeout == 0 {
		_, err := fmt.Fprintln(o.env.Out, "moved; the operator exchanges the pods now")
		return err
	}
	fmt.Fprintln(o.env.ErrOut, "the operator exchanges the pods")
	over := time.After(o.timeout)
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		if d := c.desk(ctx); d != nil && d.Status.Store == v1alpha1.StorePostgreSQL &&
			meta.IsStatusConditionTrue(d.Status.Conditions, v1alpha1.ConditionReady) {
			_, err := fmt.Fprintf(o.env.Out, "the desk is served from PostgreSQL; the volume %s is kept, delete the claim when nobody needs it\n", claimName)
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over:
			return &TimeoutError{fmt.Sprintf(
				"all is copied, but the desk is not ready on PostgreSQL after %s; see \"kubectl get desk -n %s\" and \"kubectl describe pods -n %[2]s -l %s=%[2]s\"", o.timeout, c.namespace, v1alpha1.LabelDesk)}
		case <-again.C:
		}
	}
}

func (c *cluster) claim(ctx context.Context) (*corev1.PersistentVolumeClaim, error) {
	var claim corev1.PersistentVolumeClaim
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: claimName}, &claim)
	if apierrors.IsNotFound(err) {
		return nil, &advised{err: err, what: fmt.Sprintf("namespace %s has no claim %s, so there is no history in SQLite to take along", c.namespace, claimName)}
	}
	if err != nil {
		return nil, advise(err, "read the claim "+claimName)
	}
	return &claim, nil
}

// storeFiles are what the pods of PostgreSQL would have in their directory.
func (c *cluster) storeFiles(ctx context.Context, store *v1alpha1.PostgresStore) (map[string][]byte, error) {
	read := func(name string) (map[string][]byte, error) {
		var secret corev1.Secret
		if err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, &secret); err != nil {
			return nil, advise(err, fmt.Sprintf("read the Secret %s of the Desk's spec.store.postgres", name))
		}
		return secret.Data, nil
	}
	files, err := read(store.SecretRef.Name)
	if err != nil || store.CASecretRef == nil {
		return files, err
	}
	authority, err := read(store.CASecretRef.Name)
	if err != nil {
		return nil, err
	}
	if files == nil {
		files = map[string][]byte{}
	}
	files["ca.crt"] = authority["ca.crt"]
	return files, nil
}

// retire says on the claim that its ledger was left. The operator waits for nothing else.
func (c *cluster) retire(ctx context.Context, claim *corev1.PersistentVolumeClaim, moved *protocol.LedgerMoved) error {
	text := fmt.Sprintf("moved to %s at %s: %d entries, hash %s", moved.To, moved.At.UTC().Format(time.RFC3339), moved.Entries, moved.Hash)
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"uid":%q,"annotations":{%q:%q}}}`, claim.UID, v1alpha1.AnnotationRetired, text))
	named := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: claim.Namespace, Name: claim.Name}}
	if err := c.Patch(ctx, named, patch, client.FieldOwner(v1alpha1.FieldManagerCLI)); err != nil {
		return &advised{err: err, what: fmt.Sprintf(
			"everything is copied and the old ledger is left, but the claim could not be annotated (%v); nobody is served until it is: run this again, or let somebody who may run kubectl annotate -n %s pvc/%s %s=%q",
			advise(err, "annotate the claim "+claimName), c.namespace, claimName, v1alpha1.AnnotationRetired, text)}
	}
	return nil
}
