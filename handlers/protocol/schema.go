package protocol

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"parley/models"
)

// Schema is a JSON Schema of draft 2020-12, which OpenAPI 3.1 and AsyncAPI 3 both take. It is read off the Go type that
// is sent, so that a document cannot promise another form: its tags json name the fields, doc says what a field means,
// and enum lists its values.
type Schema map[string]any

// Field is one field of a payload, for tables.
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

// schemas collects what the references of a document point to, by name.
type schemas map[string]Schema

// ref is a reference to the schema of a payload, which it adds when it is missing.
func (s schemas) ref(payload any) Schema { return s.of(reflect.TypeOf(payload)) }

// ofField is the schema of a field. A pointer that omitempty leaves out when it is nil is never null.
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

// object is a reference to the schema of an object, which it adds when it is missing.
func (s schemas) object(name string, fields []jsonField) Schema {
	if _, known := s[name]; !known {
		schema := Schema{"type": "object"}
		s[name] = schema // before its fields: a type may contain itself
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

// richMedia is null, or an object with the fields of one content type.
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

// richMediaFields are the fields that a content type has in its rich_media.
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

// Fields are the fields of a payload in their order; none for nil.
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

// typeInWords is a field's type as the guide's tables write it: "UUID | null", "string[]", "end_user | agent".
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

// jsonField is a field of a type or of one that it embeds.
type jsonField struct {
	reflect.StructField
	name     string
	omits    bool // left out when it is empty
	optional bool // may be missing, for that reason or because what embeds it was nil
}

// fieldsOf lists what encoding/json writes. The fields of an embedded pointer may all be missing.
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
