package protocol

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"parley/models"
)

// Schema is a JSON Schema of draft 2020-12, as OpenAPI 3.1 and AsyncAPI 3 use it. It is made from the Go type that is
// sent, so that documents and payloads agree: the tag json names a field, doc describes it, and enum lists its values.
type Schema map[string]any

// Field is one field of a payload, for the tables of the developer guide.
type Field struct {
	Name     string
	Type     string
	Required bool
	About    string
}

var (
	timeType   = reflect.TypeFor[Time]()
	rawType    = reflect.TypeFor[json.RawMessage]()
	jsonType   = reflect.TypeFor[models.JSON]()
	senderType = reflect.TypeFor[models.SenderType]()
)

// schemas contains the schemas of a document by name.
type schemas map[string]Schema

// ref returns a reference to the schema of a payload, and adds the schema.
func (s schemas) ref(payload any) Schema { return s.of(reflect.TypeOf(payload)) }

// ofField returns the schema of a field. A nil pointer with omitempty is left out, so it is never null.
func (s schemas) ofField(f jsonField) Schema {
	t := f.Type
	if t.Kind() == reflect.Pointer && f.omits {
		t = t.Elem()
	}
	schema := s.of(t)
	if values := f.Tag.Get("enum"); values != "" {
		schema["enum"] = strings.Split(values, ",")
	}
	if about := f.Tag.Get("doc"); about != "" {
		schema["description"] = about
	}
	return schema
}

func (s schemas) of(t reflect.Type) Schema {
	switch t {
	case timeType:
		return Schema{"type": "string", "pattern": timePattern}
	case rawType, jsonType:
		return s.richMedia()
	case senderType:
		return Schema{"type": "string", "enum": []string{"end_user", "agent", "bot"}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return Schema{"anyOf": []Schema{s.of(t.Elem()), {"type": "null"}}}
	case reflect.Struct:
		return s.object(t.Name(), fieldsOf(t))
	case reflect.Slice:
		return Schema{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return Schema{"type": "integer"}
	}
	return Schema{"type": "string"}
}

// object returns a reference to the schema of an object, and adds the schema.
func (s schemas) object(name string, fields []jsonField) Schema {
	if _, known := s[name]; !known {
		schema := Schema{"type": "object"}
		s[name] = schema // before its fields, because a type may contain itself
		properties, required := map[string]Schema{}, []string{}
		for _, f := range fields {
			properties[f.name] = s.ofField(f)
			if !f.optional {
				required = append(required, f.name)
			}
		}
		schema["properties"] = properties
		if len(required) > 0 {
			schema["required"] = required
		}
	}
	return Schema{"$ref": "#/components/schemas/" + name}
}

// richMedia returns the schema of rich_media: null, or an object with the fields of a content type.
func (s schemas) richMedia() Schema {
	forms := []Schema{{"type": "null"}}
	for _, form := range []struct{ name, contentType string }{
		{"Image", models.TypeImage},
		{"File", models.TypeFile},
		{"QuickButtons", models.TypeQuickButton},
		{"Carousel", models.TypeCarousel},
		{"Dropdown", models.TypeDropdown},
		{"Answer", models.TypeText},
	} {
		forms = append(forms, s.object(form.name, richMediaFields(form.contentType)))
	}
	return Schema{"anyOf": forms}
}

// richMediaFields returns the fields of rich_media that a content type has.
func richMediaFields(contentType string) []jsonField {
	var fields []jsonField
	for _, f := range fieldsOf(reflect.TypeFor[models.RichMedia]()) {
		required := slices.Contains(strings.Split(f.Tag.Get("required"), ","), contentType)
		if required || slices.Contains(strings.Split(f.Tag.Get("optional"), ","), contentType) {
			f.optional = !required
			fields = append(fields, f)
		}
	}
	return fields
}

// Fields returns the fields of a payload in order, or nothing for nil.
func Fields(payload any) []Field {
	if payload == nil {
		return nil
	}
	var fields []Field
	for _, f := range fieldsOf(reflect.TypeOf(payload)) {
		fields = append(fields, Field{
			Name:     f.name,
			Type:     f.typeInWords(),
			Required: !f.optional,
			About:    f.Tag.Get("doc"),
		})
	}
	return fields
}

// typeInWords returns the field's type as the tables of the developer guide write it, such as "string | null",
// "string[]" or "end_user | agent".
func (f jsonField) typeInWords() string {
	if values, _ := (schemas{}).ofField(f)["enum"].([]string); values != nil {
		return strings.Join(values, " | ")
	}
	if f.omits && f.Type.Kind() == reflect.Pointer {
		return inWords(f.Type.Elem())
	}
	return inWords(f.Type)
}

func inWords(t reflect.Type) string {
	switch {
	case t == timeType:
		return "ISO 8601"
	case t == rawType || t == jsonType:
		return "object | null"
	case t.Kind() == reflect.Pointer:
		return inWords(t.Elem()) + " | null"
	case t.Kind() == reflect.Slice:
		return inWords(t.Elem()) + "[]"
	case t.Kind() == reflect.Struct, t.Kind() == reflect.Map:
		return "object"
	}
	return schemas{}.of(t)["type"].(string)
}

// jsonField is a field of a type or of a type that it embeds.
type jsonField struct {
	reflect.StructField
	name     string
	omits    bool // left out if empty
	optional bool // may be missing: it is empty, or its embedded pointer is nil
}

// fieldsOf returns the fields that encoding/json writes. The fields of an embedded pointer are optional.
func fieldsOf(t reflect.Type) []jsonField {
	var fields []jsonField
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			embedded, maybe := field.Type, field.Type.Kind() == reflect.Pointer
			if maybe {
				embedded = embedded.Elem()
			}
			for _, inner := range fieldsOf(embedded) {
				inner.optional = inner.optional || maybe
				fields = append(fields, inner)
			}
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, jsonField{
			StructField: field,
			name:        name,
			omits:       options == "omitempty",
			optional:    options == "omitempty",
		})
	}
	return fields
}

// timePattern is TimeFormat as a regular expression.
const timePattern = `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}$`
