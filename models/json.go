package models

import (
	"bytes"
	"encoding/json"
	"io"
)

// EncodeJSON encodes without the escapes for JSON inside of HTML: `<` would take six bytes. All that we send is JSON
// alone.
func EncodeJSON(value any) ([]byte, error) {
	var buffer bytes.Buffer
	err := NewJSONEncoder(&buffer).Encode(value)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}

// NewJSONEncoder returns an encoder that writes what EncodeJSON returns, and a line break, to w.
func NewJSONEncoder(w io.Writer) *json.Encoder {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder
}
