package simaws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

func allow(resource string) m {
	return m{"Version": "2012-10-17", "Statement": list{m{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}}}
}

var iamRefusals = map[string]refused{
	"a trust policy above 2048 characters": {roleType, "LimitExceeded: 2048", try(roleType, func(*parts) m {
		return m{"assumeRolePolicy": trust(strings.Repeat("x", 2048))}
	})},
	"a trust policy without principal": {roleType, "MalformedPolicyDocument: principal", try(roleType, func(*parts) m {
		return m{"assumeRolePolicy": m{"Statement": list{m{"Effect": "Allow", "Action": "sts:AssumeRole"}}}}
	})},
	"a boundary that does not exist": {roleType, "NoSuchEntity: Nothing", try(roleType, func(*parts) m {
		return m{"assumeRolePolicy": trust("ec2.amazonaws.com"), "permissionsBoundary": "arn:aws:iam::aws:policy/Nothing"}
	})},
	"a second role of one name": {roleType, "EntityAlreadyExists: Role with name", func(p *parts) error {
		return several(p, 2, roleType, func(int) m { return m{"name": "one", "assumeRolePolicy": trust("ec2.amazonaws.com")} })
	}},
	"a role is deleted with policies attached": {roleType, "DeleteConflict: detach all policies", drop(func(p *parts) simtest.Resource { return p.nodeRole })},
	"an inline policy of a role that does not exist": {inlineType, "NoSuchEntity: nobody", try(inlineType, func(*parts) m {
		return m{"role": "nobody", "policy": allow("*")}
	})},
	"inline policies above 10240 characters": {inlineType, "LimitExceeded: 10240", func(p *parts) error {
		return several(p, 3, inlineType, func(int) m { return m{"role": p.role.ID, "policy": allow(strings.Repeat("x", 5000))} })
	}},
	"an inline policy with a principal": {inlineType, "MalformedPolicyDocument: principal", try(inlineType, func(p *parts) m {
		return m{"role": p.role.ID, "policy": trust("ec2.amazonaws.com")}
	})},
	"a second inline policy of one name": {inlineType, "EntityAlreadyExists: already exists", func(p *parts) error {
		return several(p, 2, inlineType, func(int) m { return m{"name": "one", "role": p.role.ID, "policy": allow("*")} })
	}},
	"a policy above 6144 characters": {policyType, "LimitExceeded: 6144", try(policyType, func(*parts) m {
		return m{"policy": allow(strings.Repeat("x", 6144))}
	})},
	"a policy without resources": {policyType, "MalformedPolicyDocument: resources", try(policyType, func(*parts) m {
		return m{"policy": m{"Statement": m{"Effect": "Allow", "Action": "s3:*"}}}
	})},
	"a second policy of one name": {policyType, "EntityAlreadyExists: already exists", func(p *parts) error {
		return several(p, 2, policyType, func(int) m { return m{"name": "one", "policy": allow("*")} })
	}},
	"a policy is deleted while attached": {policyType, "DeleteConflict: attached to entities", func(p *parts) error {
		policy, err := p.Try(policyType, "own", m{"policy": allow("*")})
		if err != nil {
			return err
		}
		if _, err = p.Try(attachType, "own", m{"role": p.role.ID, "policyArn": policy.ID}); err != nil {
			return err
		}
		return p.Delete(policy)
	}},
	"an attachment to a role that does not exist": {attachType, "NoSuchEntity: nobody", try(attachType, func(*parts) m {
		return m{"role": "nobody", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
	})},
	"an attachment of a misspelt policy of AWS": {attachType, "NoSuchEntity: AmazonEKSClustrPolicy", try(attachType, func(p *parts) m {
		return m{"role": p.role.ID, "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClustrPolicy"}
	})},
	"an eleventh attachment": {attachType, "LimitExceeded: PoliciesPerRole", func(p *parts) error {
		for i := range 11 {
			policy, err := p.Try(policyType, fmt.Sprint("p", i), m{"policy": allow("*")})
			if err != nil {
				return err
			}
			if _, err = p.Try(attachType, fmt.Sprint("p", i), m{"role": p.role.ID, "policyArn": policy.ID}); err != nil {
				return err
			}
		}
		return nil
	}},
	"the same attachment twice": {attachType, "EntityAlreadyExists: attached already", func(p *parts) error {
		return several(p, 2, attachType, func(int) m {
			return m{"role": p.role.ID, "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
		})
	}},
	"a second provider of one issuer": {oidcType, "EntityAlreadyExists: already exists", func(p *parts) error {
		return several(p, 2, oidcType, func(int) m { return m{"url": "https://example.com", "clientIdLists": list{"sts"}} })
	}},
	"a second log group of one name": {logsType, "ResourceAlreadyExistsException: already exists", try(logsType, func(*parts) m {
		return m{"name": "/aws/eks/main/cluster"}
	})},
	"a log group with a key that does not admit logs": {logsType, "InvalidParameterException: logs.ap-northeast-2.amazonaws.com", func(p *parts) error {
		key, err := p.Try(keyType, "key", m{})
		if err != nil {
			return err
		}
		_, err = p.Try(logsType, "keyed", m{"kmsKeyId": arn(key)})
		return err
	}},
	"a key that nobody can manage": {keyType, "MalformedPolicyDocumentException: update the key policy", try(keyType, func(*parts) m {
		return m{"policy": m{"Statement": list{m{
			"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": m{"AWS": "arn:aws:iam::999999999999:root"},
		}}}}
	})},
	"an alias of a key that does not exist": {aliasType, "NotFoundException: nothing", try(aliasType, func(*parts) m {
		return m{"name": "alias/x", "targetKeyId": "nothing"}
	})},
	"a second alias of one name": {aliasType, "AlreadyExistsException: already exists", func(p *parts) error {
		key, err := p.Try(keyType, "key", m{})
		if err != nil {
			return err
		}
		return several(p, 2, aliasType, func(int) m { return m{"name": "alias/x", "targetKeyId": arn(key)} })
	}},
}

func TestIAM_refuses(t *testing.T) {
	t.Parallel()
	runRefusals(t, platform, iamRefusals)
}
