package handlers

import (
	"bytes"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
)

func TestMultipart_isReadAsItWasSent(t *testing.T) {
	var sent bytes.Buffer
	form := multipart.NewWriter(&sent)
	want := map[string][]string{}
	for _, size := range []int{0, 1, 4095, 4096, 4097, 100_000, 3} {
		for _, name := range []string{"a", "b"} {
			content := make([]byte, size)
			for i := range content {
				content[i] = "\r\n-x"[rand.IntN(4)]
			}
			form.WriteField(name, string(content))
			want[name] = append(want[name], string(content))
			file, _ := form.CreateFormFile("file "+name+strconv.Itoa(size), "f")
			file.Write(content)
			want["file "+name+strconv.Itoa(size)] = []string{string(content)}
		}
	}
	second, _ := form.CreateFormFile("file a3", "f")
	second.Write([]byte("the second of a name"))
	form.Close()
	server := fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: sent.Len()})
	server.Post("/", func(c *fiber.Ctx) error {
		if err := readBody(c); err != nil {
			return err
		}
		for name, values := range want {
			got := formValues(c, name)
			if strings.HasPrefix(name, "file") {
				got = append(got, string(formFile(c, name)))
			}
			if !slices.Equal(got, values) {
				t.Errorf("%s is read as %.100q", name, got)
			}
		}
		if formFile(c, "a") != nil || formFile(c, "c") != nil || len(formValues(c, "file a3")) != 0 {
			t.Error("what was not sent is there")
		}
		return nil
	})
	request := httptest.NewRequest(http.MethodPost, "/", &sent)
	request.Header.Set("Content-Type", form.FormDataContentType())
	if response, body := answer(t, server, request); response.StatusCode != 200 {
		t.Errorf("%d %s", response.StatusCode, body)
	}
}
