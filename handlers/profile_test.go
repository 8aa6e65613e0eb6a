package handlers

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
)

// upload sends a file as the form of a photo does.
func upload(t *testing.T, server *fiber.App, app *App, path, cookie string, file []byte) (*http.Response, string) {
	t.Helper()
	return answer(t, server, uploading(t, app, path, cookie, file))
}

func uploading(t *testing.T, app *App, path, cookie string, file []byte) *http.Request {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("csrf_token", app.WebSessions.CSRFToken(cookie))
	part, err := form.CreateFormFile("photo", "me.png")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(file)
	form.Close()
	request := httptest.NewRequest(http.MethodPost, path, &body)
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Cookie", "session="+cookie)
	return request
}

// noise is a picture that cannot be compressed.
func noise(t *testing.T, side int) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		picture.Pix[i] = byte(rand.Uint32())
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestPhoto_isPublicAndMayBeLargerThanOtherForms(t *testing.T) {
	server, app, agent := testApp(t)
	large := noise(t, 800)
	if len(large) <= maxBody {
		t.Fatalf("%d bytes prove nothing", len(large))
	}
	if saved, body := upload(t, server, app, "/profile/photo", agent, large); saved.StatusCode != 303 {
		t.Fatalf("%d %.300s", saved.StatusCode, body)
	}
	_, page := ask(t, server, "GET", "/profile", agent)
	path := find(t, page, `src="(/photos/[^"]+)"`)
	photo, content := ask(t, server, "GET", path, "")
	if photo.StatusCode != 200 || !strings.HasPrefix(photo.Header.Get("Content-Type"), "image/") ||
		!strings.Contains(photo.Header.Get("Cache-Control"), "immutable") ||
		len(content) > 500_000 {
		t.Errorf("%d %v, %d bytes", photo.StatusCode, photo.Header, len(content))
	}
	if wrong, body := upload(t, server, app, "/profile/photo", agent, []byte("no picture")); wrong.StatusCode != 400 ||
		!strings.Contains(body, `id="photo-error"`) {
		t.Errorf("what is no picture: %d", wrong.StatusCode)
	}
	tooLarge := map[string]int{"/profile/photo": maxPhotoBody, "/bots/x/photo/": maxPhotoBody, "/profile/name": maxBody,
		"/auth/login/photo": maxBody, "/inbox/x/photo": maxBody, "/bots/x/y/photo": maxBody, "/photo": maxBody}
	for path, limit := range tooLarge {
		refused, body := upload(t, server, app, path, agent, make([]byte, limit))
		if refused.StatusCode != 413 || !strings.Contains(body, "too large") {
			t.Errorf("%s takes %d bytes: %d", path, limit, refused.StatusCode)
		}
	}
	if removed, _ := post(t, server, app, "/profile/photo/remove", agent, nil); removed.StatusCode != 303 {
		t.Errorf("%d", removed.StatusCode)
	}
	if gone, _ := ask(t, server, "GET", path, ""); gone.StatusCode != 404 {
		t.Errorf("a photo that was removed answers %d", gone.StatusCode)
	}
}

// An upload is in memory once.
func TestPhoto_uploadCostsLittleMoreThanItsBody(t *testing.T) {
	server, app, agent := testApp(t)
	address := listening(t, server)
	request := uploading(t, app, "/profile/photo", agent, make([]byte, 4<<20+1))
	body, err := io.ReadAll(request.Body)
	if err != nil {
		t.Fatal(err)
	}
	header := fmt.Sprintf("POST /profile/photo HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nCookie: session=%s\r\n"+
		"Content-Length: %d\r\n\r\n", request.Header.Get("Content-Type"), agent, len(body))
	cost := allocatedBy(func() {
		w := dial(t, address)
		go func() { io.WriteString(w, header); w.Write(body) }()
		if response, page := w.answer(); response.StatusCode != 400 || !strings.Contains(page, "must be a PNG") {
			t.Errorf("%d %.200s", response.StatusCode, page)
		}
	})
	// The buffer of the body doubles as it grows, to 4 MB and then to its end: 12 MB in all. One more copy of the body
	// would take more than 20.
	if cost > 20<<20 {
		t.Errorf("costs %d KB", cost>>10)
	}
}

func TestProfile_showsAnErrorAtItsField(t *testing.T) {
	server, app, agent := testApp(t)
	for path, form := range map[string]url.Values{
		"/profile/name":     {"name": {strings.Repeat("x", 101)}},
		"/profile/password": {"current_password": {"not this one"}, "password": {"long enough for it"}},
	} {
		wrong, body := post(t, server, app, path, agent, form)
		if wrong.StatusCode != 400 || strings.Count(body, `aria-invalid="true"`) != 1 ||
			strings.Contains(body, "not this one") {
			t.Errorf("%s: %d, %d fields marked", path, wrong.StatusCode, strings.Count(body, `aria-invalid="true"`))
		}
	}
	_, body := post(t, server, app, "/profile/name", agent, url.Values{"name": {strings.Repeat("x", 101)}})
	if !strings.Contains(body, strings.Repeat("x", 101)) {
		t.Error("what was typed is lost")
	}
}

func TestSecondFactor_leadsToTheStepBefore(t *testing.T) {
	server, app, agent := testApp(t)
	if response, _ := ask(t, server, "GET", "/auth/second-factor?next=/profile",
		""); response.Header.Get("Location") != "/auth/login?next=%2Fprofile" {
		t.Errorf("without a password: %d %s", response.StatusCode, response.Header.Get("Location"))
	}
	if response, _ := ask(t, server, "GET", "/auth/second-factor?next=//evil.example",
		agent); response.Header.Get("Location") != "/inbox" {
		t.Errorf("logged in already: %d %s", response.StatusCode, response.Header.Get("Location"))
	}
	if response, _ := ask(t, server, "GET", "/profile/second-factor",
		agent); response.Header.Get("Location") != "/profile" {
		t.Errorf("before it was begun: %d %s", response.StatusCode, response.Header.Get("Location"))
	}
	post(t, server, app, "/profile/second-factor", agent, nil)
	_, body := ask(t, server, "GET", "/profile/second-factor", agent)
	secret := find(t, body, `id="totp-secret">([A-Z2-7 ]+)<`)
	wrong, body := post(t, server, app, "/profile/second-factor/confirm", agent, url.Values{"code": {"12"}})
	if wrong.StatusCode != 400 || !strings.Contains(body, secret) || strings.Contains(body, `id="codes"`) {
		t.Errorf("a wrong code: %d", wrong.StatusCode)
	}
}
