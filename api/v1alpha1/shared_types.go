package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HeaderName is the name of an HTTP header (a token, RFC 9110, 5.6.2). Headers
// that belong to the connection or to the framing of a message cannot be set.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="self.matches('^[!#$%&\\'*+.^_`|~0-9A-Za-z-]+$')",message="a header name may contain only letters, digits and !#$%&'*+-.^_`|~"
// +kubebuilder:validation:XValidation:rule="!(self.lowerAscii() in ['connection', 'content-length', 'host', 'http2-settings', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'])",message="this header is set by HTTP itself and cannot be configured"
type HeaderName string

// Retry says how a failed call is retried. Calls whose templates do not use
// WebhookRequest.TransactionalId are never retried, whatever stands here.
type Retry struct {
	// retries is the number of attempts after the first. 3 if unset; 0 to 20.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=20
	// +optional
	Retries *int32 `json:"retries,omitempty"`

	// backoff is Constant (every delay is the same) or Exponential (every delay
	// is twice the one before, up to maxDelay). Constant if unset.
	// +optional
	Backoff Backoff `json:"backoff,omitempty"`

	// delay is the time from the start of an attempt to the start of the next; at
	// most 10 % are added at random, and a Retry-After of the receiver can
	// lengthen it up to 10 minutes. 105s if unset; 1s to 1h.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('1h')",message="delay must be a duration between 1s and 1h, such as 105s"
	// +optional
	Delay *metav1.Duration `json:"delay,omitempty"`

	// maxDelay bounds an Exponential delay. 10m if unset; 1s to 24h.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="maxDelay must be a duration between 1s and 24h, such as 10m"
	// +optional
	MaxDelay *metav1.Duration `json:"maxDelay,omitempty"`

	// reasons lists what is retried: ServerError (status 5xx), TooManyRequests (429),
	// Timeout, NetworkError. All four if unset.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +listType=set
	// +optional
	Reasons []RetryReason `json:"reasons,omitempty"`
}

// Backoff is how the delay between retries grows.
// +kubebuilder:validation:Enum=Constant;Exponential
type Backoff string

// The kinds of backoff.
const (
	BackoffConstant    Backoff = "Constant"
	BackoffExponential Backoff = "Exponential"
)

// RetryReason is a way for an attempt to fail that may be retried.
// +kubebuilder:validation:Enum=ServerError;TooManyRequests;Timeout;NetworkError
type RetryReason string

// The reasons that may be retried.
const (
	RetryReasonServerError     RetryReason = "ServerError"
	RetryReasonTooManyRequests RetryReason = "TooManyRequests"
	RetryReasonTimeout         RetryReason = "Timeout"
	RetryReasonNetworkError    RetryReason = "NetworkError"
)
