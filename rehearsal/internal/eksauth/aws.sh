#!/bin/sh
# Stands in for the AWS CLI: it makes tokens of the simulated EKS, and nothing else.
set -eu
secret='SECRET'
asked="$*" command='' cluster='' role=''
refuse() {
	echo "rehearsal: no AWS here; only aws eks get-token --cluster-name is known, not: aws $asked" >&2
	exit 1
}
while [ $# -gt 0 ]; do
	case "$1" in
	--cluster-name | --role-arn | --region | --output) [ $# -ge 2 ] || refuse ;;
	esac
	case "$1" in
	--cluster-name) cluster=$2 && shift ;;
	--role-arn) role=$2 && shift ;;
	--region | --output) shift ;;
	*) command="$command $1" ;;
	esac
	shift
done
if [ "$command" != ' eks get-token' ] || [ -z "$cluster" ]; then refuse; fi
printf '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","spec":{},"status":{"token":"%s"}}\n' \
	"k8s-aws-v1.$secret/$cluster/$role"
