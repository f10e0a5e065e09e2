package plan

import (
	"errors"
	"mime"
	"strings"
)

// ContentType is the name of the header that says what a body is.
const ContentType = "Content-Type"

// DefaultContentType is sent with a body that no header describes.
const DefaultContentType = "application/json"

// CheckContentType judges the value of an own Content-Type header: it must be
// static text, because it decides how the body is escaped.
func CheckContentType(name string, static bool) error {
	if strings.EqualFold(name, ContentType) && !static {
		return errors.New("the value of Content-Type must not contain template instructions")
	}
	return nil
}

// ContextOf returns the context of a body that is sent with a Content-Type:
// application/json and types that end in +json are JSON,
// application/x-www-form-urlencoded is a form, application/xml, text/xml and
// types that end in +xml are XML, and all others are text. Parameters such as
// charset make no difference. The flag is false for what is no media type (RFC
// 9110, 8.3.1), whose body is text, too.
func ContextOf(contentType string) (context BodyContext, ok bool) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return BodyText, false
	}
	kind, subtype, ok := strings.Cut(media, "/")
	switch {
	case !ok || kind == "" || subtype == "":
		return BodyText, false
	case media == "application/json" || strings.HasSuffix(subtype, "+json"):
		return BodyJSON, true
	case media == "application/x-www-form-urlencoded":
		return BodyForm, true
	case media == "application/xml" || media == "text/xml" || strings.HasSuffix(subtype, "+xml"):
		return BodyXML, true
	}
	return BodyText, true
}
