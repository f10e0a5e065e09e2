package control

import (
	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func responseToPB(r *plan.Response) *pb.Response {
	if r == nil {
		return nil
	}
	m := &pb.Response{Full: r.Full}
	for _, v := range r.Variables {
		m.Variables = append(m.Variables, &pb.Variable{Name: v.Name, Path: v.Path, Required: v.Required})
	}
	for _, c := range r.Conditions {
		m.Conditions = append(m.Conditions, &pb.Condition{Variable: c.Variable, Operator: string(c.Operator), Value: c.Value})
	}
	return m
}

func responseFromPB(m *pb.Response) *plan.Response {
	if m == nil {
		return nil
	}
	r := &plan.Response{Full: m.GetFull()}
	for _, v := range m.GetVariables() {
		r.Variables = append(r.Variables, plan.Variable{Name: v.GetName(), Path: v.GetPath(), Required: v.GetRequired()})
	}
	for _, c := range m.GetConditions() {
		r.Conditions = append(r.Conditions, plan.Condition{Variable: c.GetVariable(), Operator: plan.Operator(c.GetOperator()), Value: c.GetValue()})
	}
	return r
}
