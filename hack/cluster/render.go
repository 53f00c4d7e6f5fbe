package main

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"usher.chat/hack/cluster/machine"
)

//go:embed templates
var templates embed.FS

// A setting is what the templates may speak of.
type setting struct {
	Plan machine.Plan
	// Node is the zero value for what belongs to the whole cluster.
	Node machine.Node
	// CNIPlugins is where the distribution keeps the plugins that connect pods.
	CNIPlugins string
	// PauseImage and CoreDNSImage are names of images that `up` loads.
	PauseImage, CoreDNSImage string
	// Provisioner is the name under which the storage class finds our volumes process.
	Provisioner string
}

// render fills a template in.
func render(name string, s setting) ([]byte, error) {
	t, err := template.New(name).Option("missingkey=error").ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, fmt.Errorf("read the template %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, s); err != nil {
		return nil, fmt.Errorf("fill in the template %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// renderTo writes a filled-in template to a file, makes its directory, and says whether that changed anything. A file
// that is right is not touched: kube-proxy ends itself when its settings are written.
func renderTo(path, name string, s setting) (changed bool, err error) {
	out, err := render(name, s)
	if err != nil {
		return false, err
	}
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, out) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, fmt.Errorf("make the directory of %s: %w", name, err)
	}
	if err := os.WriteFile(path, out, 0o644); err != nil {
		return false, fmt.Errorf("write %s: %w", name, err)
	}
	return true, nil
}

// writeKubeconfig gives access as the owner of a certificate. The file holds everything, so it can be copied away.
func writeKubeconfig(path, server, user string, k pki, cert string) error {
	read := func(file string) ([]byte, error) {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("write a kubeconfig for %s: %w", user, err)
		}
		return raw, nil
	}
	authority, err := read(k.cert("ca"))
	if err != nil {
		return err
	}
	crt, err := read(k.cert(cert))
	if err != nil {
		return err
	}
	key, err := read(k.key(cert))
	if err != nil {
		return err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["usher"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: authority}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: crt, ClientKeyData: key}
	config.Contexts["usher"] = &clientcmdapi.Context{Cluster: "usher", AuthInfo: user}
	config.CurrentContext = "usher"
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("write a kubeconfig for %s: %w", user, err)
	}
	return nil
}
