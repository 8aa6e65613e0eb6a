package handlers

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"parley/services"
)

// What one request may be. A stranger can send all of it before anybody asks who they are.
const (
	headerTimeout = 10 * time.Second // from a request's first byte to the end of its header
	bodyTimeout   = 30 * time.Second // from there to the end of its body
	writeTimeout  = 30 * time.Second // for the kernel to take the answer
	idleTimeout   = 75 * time.Second // between two requests: longer than proxies keep a connection
	maxHeader     = 16 << 10         // bytes of the header
	maxHeaderRows = 100
	maxPairs      = 200       // of a query string, and semicolons in all headers: cookies have one each
	maxBody       = 256 << 10 // bytes of a form or of JSON
	maxPhotoBody  = 5<<20 + 64<<10
	maxPollBody   = 128 << 10 // what the Socket.IO server takes in one POST: see socketio.Options.MaxPayload
	maxPollHeader = 8 << 10   // bytes of the header of a request to it: a poll keeps them for as long as it waits
	maxPollQuery  = 1 << 10   // bytes of its query string
	maxFields     = 1000      // of a form
	maxValues     = 20_000    // of a JSON body
)

// requestError refuses a request for how it was sent, whatever it asks for.
type requestError struct {
	kind    services.Kind
	status  int
	message string
}

func (e *requestError) Error() string { return e.message }

func malformed(message string) error {
	return &requestError{
		kind:    services.Invalid,
		status:  fiber.StatusBadRequest,
		message: message,
	}
}

func tooLarge(message string) error {
	return &requestError{
		kind:    services.TooLarge,
		status:  fiber.StatusRequestEntityTooLarge,
		message: message,
	}
}

func tooManyHeaders() error {
	return &requestError{
		kind:    services.Invalid,
		status:  fiber.StatusRequestHeaderFieldsTooLarge,
		message: "The request has too many headers or cookies.",
	}
}

// limitRequests makes server refuse by its header what is too much, before it reads further. Bodies stay unread until
// readBody is called, when it is known who asks.
func (a *App) limitRequests(server *fiber.App) {
	http := server.Server()
	http.FormValueFunc = formValue
	http.HeaderReceived = func(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
		if screen(header) != nil {
			header.Set(fiber.HeaderExpect, "100-continue") // leads to ExpectHandler, without a look at the body
		}
		// fasthttp reads as much as its limit before the handler runs: one byte is the least it can be set to.
		return fasthttp.RequestConfig{ReadTimeout: bodyTimeout, MaxRequestBodySize: 1}
	}
	http.ExpectHandler = func(ctx *fasthttp.RequestCtx) int {
		refusal := screen(&ctx.Request.Header)
		if refusal == nil {
			return fasthttp.StatusContinue
		}
		c := server.AcquireCtx(ctx)
		defer server.ReleaseCtx(c)
		if err := a.problem(c, refusal); err != nil {
			return fasthttp.StatusInternalServerError
		}
		linger(ctx)
		return ctx.Response.StatusCode()
	}
	handle, fail := http.Handler, http.ErrorHandler
	http.Handler = func(ctx *fasthttp.RequestCtx) {
		handle(ctx)
		leaveUnread(ctx)
		a.holdAnswer(server, ctx)
	}
	http.ErrorHandler = func(ctx *fasthttp.RequestCtx, err error) {
		fail(ctx, err)
		linger(ctx)
	}
}

// screen says why a request with this header is refused, or nil.
func screen(header *fasthttp.RequestHeader) error {
	if !slices.Contains(fiber.DefaultMethods, string(header.Method())) { // Fiber would answer by itself
		return &requestError{
			kind:    services.Invalid,
			status:  fiber.StatusMethodNotAllowed,
			message: "The method of the request is not known.",
		}
	}
	for _, encoding := range header.PeekAll(fiber.HeaderContentEncoding) {
		if encoding = bytes.TrimSpace(encoding); len(encoding) > 0 && !strings.EqualFold(string(encoding), "identity") {
			// Inflated, a body can be a thousand times as large as it was sent.
			return &requestError{
				kind:    services.Invalid,
				status:  fiber.StatusUnsupportedMediaType,
				message: "Compressed requests are not accepted. Send the body without Content-Encoding.",
			}
		}
	}
	raw := header.RawHeaders()
	if bytes.Count(raw, []byte("\n")) > maxHeaderRows || bytes.Count(raw, []byte(";")) > maxPairs {
		return tooManyHeaders()
	}
	if bytes.Count(header.RequestURI(), []byte("&")) >= maxPairs {
		return malformed("The address has too many parameters.")
	}
	if within(headerPath(header), "/socket.io") {
		switch {
		case len(header.RequestURI()) > len("/socket.io/?")+maxPollQuery:
			return &requestError{
				kind:    services.Invalid,
				status:  fiber.StatusRequestURITooLong,
				message: "The address is too long.",
			}
		case len(raw) > maxPollHeader:
			return tooManyHeaders()
		}
	}
	if header.ContentLength() > bodyLimit(header) {
		return tooLarge("The request is too large.")
	}
	return nil
}

// bodyLimit is how many bytes the body of a request may have.
func bodyLimit(header *fasthttp.RequestHeader) int {
	switch path := headerPath(header); {
	case within(path, "/socket.io"):
		return maxPollBody
	case header.IsPost() && takesPhoto(path):
		return maxPhotoBody
	}
	return maxBody
}

// headerPath is the path of a request as its route has it; empty if the address is malformed.
func headerPath(header *fasthttp.RequestHeader) string {
	var address fasthttp.URI
	if address.Parse(header.Host(), header.RequestURI()) != nil {
		return ""
	}
	return trimSlashes(string(address.PathOriginal()))
}

// routePath is the path of a request as its route has it.
func routePath(c *fiber.Ctx) string { return trimSlashes(c.Path()) }

// trimSlashes cuts off the trailing slashes of a path, as the router does.
func trimSlashes(path string) string { return strings.TrimRight(path, "/") }

// within reports whether path is folder or below it.
func within(path, folder string) bool { return strings.HasPrefix(path+"/", folder+"/") }

// leaveUnread ends the connection of a request whose body nobody has read: what is left of it would be taken for the
// next request.
func leaveUnread(ctx *fasthttp.RequestCtx) {
	if ctx.RequestBodyStream() == nil || ctx.Request.Header.ContentLength() == 0 || ctx.Hijacked() {
		return
	}
	ctx.SetConnectionClose()
	linger(ctx)
}

// linger lets a client read the answer to a request that it is still sending, where the connection can do that.
func linger(ctx *fasthttp.RequestCtx) {
	if conn, ok := ctx.Conn().(interface{ Linger() }); ok {
		conn.Linger()
	}
}
