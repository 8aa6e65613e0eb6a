package handlers

import (
	"net"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"parley/models"
)

const (
	firstPiece = 4 << 10   // bytes; each next one is as large as all before it
	mostPiece  = 128 << 10 // bytes
	mostWhole  = 256 << 10 // bytes of an answer that is sent in one piece
)

// answerWriter builds the body of an answer. A long conversation fills megabytes: they are counted while they are
// written, and not copied for more to fit in. An answer that is too much for the address ends before its client has
// seen anything of it.
type answerWriter struct {
	ctx    *fasthttp.RequestCtx
	pieces net.Buffers
	size   int // of what was written
	taken  int // by the pieces
	held   int // of taken, which is nothing as long as the answer can be sent whole: then holdAnswer counts it
}

// Write implements io.Writer. Error: RateLimited.
func (w *answerWriter) Write(text []byte) (int, error) {
	written := len(text)
	for len(text) > 0 {
		last := len(w.pieces) - 1
		if last < 0 || len(w.pieces[last]) == cap(w.pieces[last]) {
			piece := min(max(w.taken, firstPiece), mostPiece)
			if w.taken += piece; w.taken > mostWhole {
				if !hold(w.ctx, w.taken-w.held) {
					return 0, busy()
				}
				w.held = w.taken
			}
			w.pieces = append(w.pieces, make([]byte, 0, piece))
			continue
		}
		fits := min(len(text), cap(w.pieces[last])-len(w.pieces[last]))
		w.pieces[last] = append(w.pieces[last], text[:fits]...)
		text = text[fits:]
	}
	w.size += written
	return written, nil
}

// end makes an answer of what was written, or drops it after an error.
func (w *answerWriter) end(err error) error {
	switch {
	case err != nil:
		hold(w.ctx, -w.held)
	case w.held > 0:
		w.ctx.Response.SetBodyStream(&w.pieces, w.size)
	case len(w.pieces) == 1:
		w.ctx.Response.SetBodyRaw(w.pieces[0])
	default:
		w.ctx.Response.SetBodyRaw(slices.Concat(w.pieces...))
	}
	return err
}

// sendList answers with what is shown of each element of list, as a JSON array. It empties list as it goes, so
// that the two are not in memory together.
func sendList[E any](c *fiber.Ctx, list []E, shown func(E) any) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	w := &answerWriter{ctx: c.Context()}
	encoder := models.NewJSONEncoder(w)
	_, err := w.Write([]byte{'['})
	for i := 0; i < len(list) && err == nil; i++ {
		if i > 0 {
			_, err = w.Write([]byte{','})
		}
		if err == nil {
			err = encoder.Encode(shown(list[i]))
		}
		clear(list[i : i+1])
	}
	if err == nil {
		_, err = w.Write([]byte{']'})
	}
	return w.end(err)
}

var compress = fasthttp.CompressHandlerBrotliLevel(func(*fasthttp.RequestCtx) {},
	fasthttp.CompressBrotliDefaultCompression, fasthttp.CompressDefaultCompression)

// compressed compresses answers that are sent whole. Those in pieces would take as much memory again.
func compressed(c *fiber.Ctx) error {
	err := c.Next()
	if err == nil && !c.Response().IsBodyStream() {
		compress(c.Context())
	}
	return err
}
