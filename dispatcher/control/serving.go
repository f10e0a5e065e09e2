package control

import (
	"strings"

	"google.golang.org/protobuf/proto"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// SetServing makes this the certificate that the dispatcher shows to callers: a chain
// in PEM, the leaf first, and its private key in PEM. It is sent in every session,
// after the first difference, and whenever it changes; equal content again is no
// message. Together they may have 8 MiB, less 64 KiB.
func (s *Server) SetServing(certificate string, key plan.Secret) {
	m := &pb.ServingCertificate{
		// What is not UTF-8 can only stand around the blocks; it would end the session.
		Certificate: strings.ToValidUTF8(certificate, "\uFFFD"),
		Key:         []byte(key.Reveal()),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if proto.Equal(m, s.serving) {
		return
	}
	s.serving = m
	if s.current != nil {
		wake(s.current.serving)
	}
}

// sendServing sends the serving certificate, if there is one.
func (s *Server) sendServing(se *session) error {
	s.mu.Lock()
	m := s.serving
	s.mu.Unlock()
	if m == nil {
		return nil
	}
	return se.stream.Send(&pb.ManagerMessage{Message: &pb.ManagerMessage_ServingCertificate{ServingCertificate: m}})
}

// serve hands a serving certificate on.
func (l *link) serve(m *pb.ServingCertificate) {
	if m != nil && l.serving != nil {
		l.serving(m.GetCertificate(), plan.NewSecret(string(m.GetKey())))
	}
}
