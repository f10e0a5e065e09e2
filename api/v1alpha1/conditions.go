package v1alpha1

// Condition types of both kinds.
const (
	// ConditionAccepted: the spec is valid as far as it can be judged alone.
	ConditionAccepted = "Accepted"
	// ConditionResolvedRefs: everything the spec refers to is there and usable.
	ConditionResolvedRefs = "ResolvedRefs"
	// ConditionProgrammed: the dispatcher has acknowledged this content. It
	// stays while the dispatcher is away, since the dispatcher goes on with it.
	ConditionProgrammed = "Programmed"
	// ConditionReady: Accepted, ResolvedRefs and Programmed.
	ConditionReady = "Ready"
	// ConditionStalled is present, and True, only while somebody must change the
	// object before anything can go on (kstatus).
	ConditionStalled = "Stalled"
	// ConditionReconciling is present, and True, only while the operator waits
	// for something that may come by itself (kstatus).
	ConditionReconciling = "Reconciling"
	// ConditionInsecureTLS, on a WebhookIntegration, is present, and True, only
	// while tls.insecureSkipVerify is set. It is never part of Ready.
	ConditionInsecureTLS = "InsecureTLS"
	// ConditionSampleRendered, on a Webhook with sampleData only: the templates
	// can be rendered with it. It is never part of Ready.
	ConditionSampleRendered = "SampleRendered"
	// ConditionHealthy: not too many calls of the 24 hours before the last outcome
	// failed; on a WebhookIntegration, so it is for all of its Webhooks. It is absent
	// before the first outcome, speaks of no generation, and is never part of Ready.
	ConditionHealthy = "Healthy"
)

// Reasons of conditions. docs/conditions.md says what to do about each.
const (
	// ReasonAccepted: Accepted=True.
	ReasonAccepted = "Accepted"
	// ReasonInvalidURL: Accepted=False, the url cannot be used.
	ReasonInvalidURL = "InvalidURL"
	// ReasonTemplateInvalid: Accepted=False, a template does not compile.
	ReasonTemplateInvalid = "TemplateInvalid"
	// ReasonInvalidHeader: Accepted=False, a header cannot be sent.
	ReasonInvalidHeader = "InvalidHeader"
	// ReasonInvalidSpec: Accepted=False, another field's value cannot be used.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonInvalidResponse: Accepted=False, response cannot be used: a path is no
	// JSONPath, or the templates do not send the transaction id.
	ReasonInvalidResponse = "InvalidResponse"
	// ReasonInvalidTrigger: Accepted=False, a trigger's expression cannot be used.
	ReasonInvalidTrigger = "InvalidTrigger"
	// ReasonInvalidSystemName: Accepted=False, there is no valid system name.
	ReasonInvalidSystemName = "InvalidSystemName"
	// ReasonSystemNameTaken: Accepted=False, an older Webhook of the namespace
	// holds the system name.
	ReasonSystemNameTaken = "SystemNameTaken"

	// ReasonResolvedRefs: ResolvedRefs=True.
	ReasonResolvedRefs = "ResolvedRefs"
	// ReasonIntegrationNotFound: ResolvedRefs=False, no such WebhookIntegration, or
	// one of another namespace that does not allow this one.
	ReasonIntegrationNotFound = "IntegrationNotFound"
	// ReasonIntegrationNotReady: ResolvedRefs=False, the WebhookIntegration is
	// not accepted or lacks a Secret.
	ReasonIntegrationNotReady = "IntegrationNotReady"
	// ReasonSecretNotFound: ResolvedRefs=False, no such Secret.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonSecretKeyNotFound: ResolvedRefs=False, the Secret lacks the key.
	ReasonSecretKeyNotFound = "SecretKeyNotFound"
	// ReasonSecretValueInvalid: ResolvedRefs=False, the Secret's value cannot be
	// what it is to be: a header's value, a certificate, a signing key.
	ReasonSecretValueInvalid = "SecretValueInvalid"
	// ReasonSecretUnreadable: ResolvedRefs=False, the API server refuses the
	// operator the Secret.
	ReasonSecretUnreadable = "SecretUnreadable"
	// ReasonConfigMapNotFound: ResolvedRefs=False, no such ConfigMap.
	ReasonConfigMapNotFound = "ConfigMapNotFound"
	// ReasonConfigMapKeyNotFound: ResolvedRefs=False, the ConfigMap lacks the key.
	ReasonConfigMapKeyNotFound = "ConfigMapKeyNotFound"
	// ReasonConfigMapValueInvalid: ResolvedRefs=False, the ConfigMap's value
	// cannot be what it is to be: a body, a header's value, a CA bundle.
	ReasonConfigMapValueInvalid = "ConfigMapValueInvalid"
	// ReasonConfigMapUnreadable: ResolvedRefs=False, the API server refuses the
	// operator the ConfigMap.
	ReasonConfigMapUnreadable = "ConfigMapUnreadable"

	// ReasonProgrammed: Programmed=True.
	ReasonProgrammed = "Programmed"
	// ReasonPending: Programmed=Unknown, the dispatcher has not answered yet.
	ReasonPending = "Pending"
	// ReasonRejectedByDispatcher: Programmed=False, the dispatcher refused it.
	ReasonRejectedByDispatcher = "RejectedByDispatcher"
	// ReasonNotProgrammed: Programmed=False, nothing usable was sent to the
	// dispatcher, because Accepted or ResolvedRefs is not True.
	ReasonNotProgrammed = "NotProgrammed"

	// ReasonReady: Ready=True.
	ReasonReady = "Ready"
	// ReasonSuspended: Ready=True, and calls wait because suspend is set on the
	// object or, for a Webhook, on its integration.
	ReasonSuspended = "Suspended"

	// ReasonInsecureSkipVerify: InsecureTLS=True, the receiver's certificate is not
	// verified.
	ReasonInsecureSkipVerify = "InsecureSkipVerify"

	// ReasonSampleRendered: SampleRendered=True.
	ReasonSampleRendered = "SampleRendered"
	// ReasonSampleFailed: SampleRendered=False, a call with this data would end as
	// RenderFailed or Blocked.
	ReasonSampleFailed = "SampleFailed"

	// ReasonHealthy: Healthy=True.
	ReasonHealthy = "Healthy"
	// ReasonFewCalls: Healthy=True, since 10 calls or fewer say too little.
	ReasonFewCalls = "FewCalls"
	// ReasonUnhealthy: Healthy=False, too many calls failed; on a WebhookIntegration,
	// those of at least one of its Webhooks did.
	ReasonUnhealthy = "Unhealthy"
)
