package testbed

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/moby/moby/client"
)

// image is the name that engines have the test server's image under.
const image = "dockwall-testserver"

// importImage makes an image of one file, the test server, without a registry (docker import).
func (e *Engine) importImage(ctx context.Context, server string) error {
	layer, err := layerOf(server)
	if err != nil {
		return err
	}
	source := client.ImageImportSource{Source: layer, SourceName: "-"}
	result, err := e.Client.ImageImport(ctx, source, image, client.ImageImportOptions{
		Changes: []string{`ENTRYPOINT ["/dockwall-testserver"]`}})
	if err != nil {
		return fmt.Errorf("importing the test server's image: %w", err)
	}
	defer result.Close()
	return importError(result)
}

// importError reads the engine's report to its end: an error may stand in it.
func importError(report io.Reader) error {
	for decoder := json.NewDecoder(report); ; {
		var message struct{ Error string }
		err := decoder.Decode(&message)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if message.Error != "" {
			return errors.New("importing the test server's image: " + message.Error)
		}
	}
}

func layerOf(server string) (io.Reader, error) {
	binary, err := os.ReadFile(server)
	if err != nil {
		return nil, err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	header := &tar.Header{Name: "dockwall-testserver", Mode: 0o755, Size: int64(len(binary))}
	if err := w.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := w.Write(binary); err != nil {
		return nil, err
	}
	return &layer, w.Close()
}
