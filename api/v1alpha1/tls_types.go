package v1alpha1

// TLS is how an https receiver proves who it is, and how the operator does. The
// least version is TLS 1.2 in any case.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.caBundle) || !has(self.caBundleFrom)",message="caBundle and caBundleFrom exclude each other; set only one of them"
// +kubebuilder:validation:XValidation:rule="!has(self.caBundle) || self.caBundle.contains('-----BEGIN CERTIFICATE-----')",message="caBundle must hold certificates in PEM (-----BEGIN CERTIFICATE-----)",fieldPath=".caBundle"
// +kubebuilder:validation:XValidation:rule="!has(self.caBundle) || !self.caBundle.contains('PRIVATE KEY-----')",message="caBundle holds a private key, where only certificates belong; replace the key if others can read it",fieldPath=".caBundle"
// +kubebuilder:validation:XValidation:rule="!has(self.insecureSkipVerify) || !self.insecureSkipVerify || !(has(self.caBundle) || has(self.caBundleFrom))",message="insecureSkipVerify takes any certificate, so that a CA bundle would do nothing; set only one of them"
type TLS struct {
	// caBundle are the certificates of the authorities that may sign the
	// receiver's, in PEM. The system's authorities are not trusted then. At most
	// 262,144 characters. The system's if neither this nor caBundleFrom is set.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=262144
	// +optional
	CABundle string `json:"caBundle,omitempty"`

	// caBundleFrom takes the bundle from elsewhere, instead of caBundle. It is
	// followed: a changed bundle applies to the next connection.
	// +optional
	CABundleFrom *CABundleSource `json:"caBundleFrom,omitempty"`

	// clientCertificate is shown to a receiver that asks for one (mutual TLS).
	// +optional
	ClientCertificate *ClientCertificate `json:"clientCertificate,omitempty"`

	// serverName is the name that the receiver's certificate must have and that
	// is asked for in the handshake (SNI), if it is not the host of url.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?([.][A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$')",message="serverName must be a DNS name such as api.example.com"
	// +optional
	ServerName string `json:"serverName,omitempty"`

	// insecureSkipVerify takes any certificate, so that whoever is between here
	// and the receiver can read and change requests, secrets included. The
	// condition InsecureTLS and a warning event say so while it is set. false if
	// unset.
	// +optional
	InsecureSkipVerify *bool `json:"insecureSkipVerify,omitempty"`
}

// CABundleSource is where a CA bundle comes from.
// +kubebuilder:validation:XValidation:rule="has(self.secretKeyRef) != has(self.configMapKeyRef)",message="caBundleFrom needs either secretKeyRef or configMapKeyRef"
type CABundleSource struct {
	// secretKeyRef is a key of a Secret in the integration's namespace, such as
	// ca.crt.
	// +optional
	SecretKeyRef *SecretKeyRef `json:"secretKeyRef,omitempty"`

	// configMapKeyRef is a key of a ConfigMap in the integration's namespace, such
	// as ca.crt of kube-root-ca.crt.
	// +optional
	ConfigMapKeyRef *ConfigMapKeyRef `json:"configMapKeyRef,omitempty"`
}

// ClientCertificate is a certificate with its private key.
type ClientCertificate struct {
	// secretRef is a Secret of the integration's namespace with the keys tls.crt
	// and tls.key, both in PEM, as those of type kubernetes.io/tls have. It is
	// followed: a renewed certificate applies to the next connection.
	// +required
	SecretRef SecretRef `json:"secretRef,omitempty,omitzero"`
}

// SecretRef points at a Secret in the same namespace, whose keys are known.
type SecretRef struct {
	// name is the Secret's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`
}
