package handlers

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"parley/services"
)

// Keys of what readBody leaves with the request.
type (
	bodyRead struct{}
	bodyForm struct{} // a multipartForm
)

// multipartForm is a form with files. Its contents are parts of the request's body.
type multipartForm struct {
	values map[string][][]byte
	files  map[string][]byte // the first of each name
}

// readBody reads the body of a request, once, as far as its limits allow. Nothing else reads one: Fiber's own ways to
// it know no limit, and inflate it.
func readBody(c *fiber.Ctx) error {
	ctx := c.Context()
	if ctx.UserValue(bodyRead{}) != nil {
		return nil
	}
	stream := ctx.RequestBodyStream()
	if stream != nil {
		body, err := readStream(ctx, stream)
		if err != nil {
			return err
		}
		ctx.Request.SetBodyRaw(body)
		if ctx.UserValue(clock{}) != nil { // not for /socket.io
			restartClock(c)
		}
	}
	ctx.SetUserValue(bodyRead{}, true)
	return readForm(ctx)
}

// requestBody is the body of a request, which is the request's.
func requestBody(c *fiber.Ctx) ([]byte, error) {
	err := readBody(c)
	return c.Request().Body(), err
}

// polled reads the body of a POST of Socket.IO's long-polling.
func polled(c *fiber.Ctx) error {
	if err := readBody(c); err != nil {
		return err
	}
	return c.Next()
}

// readStream grows with what arrives, not with what was announced: announcing costs nothing.
func readStream(ctx *fasthttp.RequestCtx, stream io.Reader) ([]byte, error) {
	limit := bodyLimit(&ctx.Request.Header)
	declared := ctx.Request.Header.ContentLength()
	most := limit + 1
	if declared >= 0 {
		most = min(most, declared)
	}
	var body []byte
	for declared < 0 || len(body) < declared {
		if len(body) > limit {
			return nil, tooLarge("The request is too large.")
		}
		if len(body) == cap(body) {
			larger := make([]byte, len(body), min(max(2*cap(body), 4<<10), most))
			if !hold(ctx, cap(larger)-cap(body)) {
				return nil, busy()
			}
			body = larger[:copy(larger[:len(body)], body)]
		}
		n, err := stream.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF && (declared < 0 || len(body) == declared) {
			break
		}
		if err != nil {
			return nil, brokenBody(err)
		}
	}
	if len(body) > limit {
		return nil, tooLarge("The request is too large.")
	}
	return body, nil
}

// brokenBody is what is wrong with a body that ended before its end.
func brokenBody(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &requestError{
			kind:    services.Invalid,
			status:  fiber.StatusRequestTimeout,
			message: "The request took too long to arrive.",
		}
	}
	return malformed("The request is not complete.")
}

// readForm parses a form, and refuses one of too many fields before it does.
func readForm(ctx *fasthttp.RequestCtx) error {
	kind := string(ctx.Request.Header.ContentType())
	switch {
	case strings.HasPrefix(kind, fiber.MIMEApplicationForm):
		if bytes.Count(ctx.Request.Body(), []byte("&")) >= maxFields {
			return malformed("The form has too many fields.")
		}
	case strings.HasPrefix(kind, fiber.MIMEMultipartForm):
		return readMultipart(ctx)
	}
	return nil
}

// readMultipart parses a form with files. It refuses more than maxFields parts, and the library a part with more than
// 10,000 lines of headers.
func readMultipart(ctx *fasthttp.RequestCtx) error {
	body := ctx.Request.Body()
	form := multipartForm{values: map[string][][]byte{}, files: map[string][]byte{}}
	parts := multipart.NewReader(bytes.NewReader(body), string(ctx.Request.Header.MultipartFormBoundary()))
	// A photo would be in memory twice, so what is read takes the place of what was read: it never gets ahead.
	kept, chunk := body[:0], make([]byte, 4<<10)
	for count := 0; ; count++ {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if errors.Is(err, multipart.ErrMessageTooLarge) || err == nil && count == maxFields {
			return malformed("The form has too many fields.")
		}
		start := len(kept)
		for n := 0; err == nil; kept = append(kept, chunk[:n]...) {
			n, err = part.Read(chunk)
		}
		if err != io.EOF {
			return malformed("The form is not complete.")
		}
		content := kept[start:len(kept):len(kept)]
		switch name := part.FormName(); {
		case name == "":
		case part.FileName() == "":
			form.values[name] = append(form.values[name], content)
		case form.files[name] == nil:
			form.files[name] = content
		}
	}
	ctx.SetUserValue(bodyForm{}, form)
	return nil
}

// formValue is what c.FormValue returns: a field of the body that was read, never of the address.
func formValue(ctx *fasthttp.RequestCtx, name string) []byte {
	if values := fieldValues(ctx, name); len(values) > 0 {
		return values[0]
	}
	return nil
}

// fieldValues are the values of a field that may repeat.
func fieldValues(ctx *fasthttp.RequestCtx, name string) [][]byte {
	if ctx.UserValue(bodyRead{}) == nil {
		return nil
	}
	if form, ok := ctx.UserValue(bodyForm{}).(multipartForm); ok {
		return form.values[name]
	}
	return ctx.PostArgs().PeekMulti(name)
}

// formValues are the values of a field that may repeat.
func formValues(c *fiber.Ctx, name string) []string {
	var values []string
	for _, value := range fieldValues(c.Context(), name) {
		values = append(values, string(value))
	}
	return values
}

// formFile is a file of the form; nil where there is none. It is the request's.
func formFile(c *fiber.Ctx, name string) []byte {
	form, _ := c.Context().UserValue(bodyForm{}).(multipartForm)
	return form.files[name]
}

// holdAnswer counts an answer until the client has read it. One that is too much for the address is not sent. The
// Socket.IO server streams its answers, and counts them itself.
func (a *App) holdAnswer(server *fiber.App, ctx *fasthttp.RequestCtx) {
	if ctx.Hijacked() || ctx.Response.IsBodyStream() || hold(ctx, len(ctx.Response.Body())) {
		return
	}
	ctx.Response.Reset()
	c := server.AcquireCtx(ctx)
	defer server.ReleaseCtx(c)
	a.setHeaders(c)
	ctx.Response.SetStatusCode(fiber.StatusTooManyRequests)
	ctx.Response.Header.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(retryBusy.Seconds())))
	ctx.SetConnectionClose()
}

// hold reports whether the sender's address may take up that many bytes more until it has read the answer.
func hold(ctx *fasthttp.RequestCtx, bytes int) bool {
	conn, ok := ctx.Conn().(interface{ Hold(bytes int) bool })
	return !ok || conn.Hold(bytes)
}
