package privileged_test

import data.gate
import data.sample

classes(tool, arguments) := {finding.id | some finding in decision.findings.hold} if {
	decision := gate.decision with input as sample.call(tool, arguments, {})
}

by_command(line) := {finding.id | some finding in decision.findings.hold} if {
	decision := gate.decision with input as sample.call("run_command", {"command": line}, sample.shell([line], {}))
}

test_tools_are_known_by_their_words if {
	every tool, class in {
		"assume_role": "role-escalation",
		"promoteUserToAdmin": "admin-grant",
		"add_org_owner": "admin-grant",
		"attach_policy": "iam-change",
		"iam.update-role": "iam-change",
		"add_collaborator": "permission-change",
		"update_sharing": "permission-change",
		"terminate_instance": "infrastructure-change",
		"terraform_apply": "infrastructure-change",
		"delete_all_regions": "region-wide-wipe",
		"rotate_api_key": "secret-rotation",
		"reset_password": "secret-rotation",
		"put_secret_value": "secret-change",
		"revoke_access": "access-revocation",
		"disableUser": "access-revocation",
		"purge_audit_log": "log-deletion",
		"stop_logging": "log-deletion",
		"upload_to_public_bucket": "exfiltration",
		"dump_database": "bulk-export",
		"download_all_records": "bulk-export",
		"send_email": "third-party-call",
	} {
		class in classes(tool, {})
	}
}

test_near_misses_run if {
	every tool in [
		"get_role", "list_admins", "describe_policy", "list_collaborators", "show_sharing", "get_instance_status",
		"terraform_plan", "list_regions", "get_key_metadata", "check_password_strength", "list_sessions", "read_log",
		"search_audit_log", "download_file", "list_tables", "read_email", "draft_email", "add_comment", "set_value",
		"create_node", "update_task", "delete_file", "send_keys", "roleplay", "administer_survey", "blogpost_update",
	] {
		{finding | some finding in classes(tool, {}); data.privileged.classes[finding]} == set()
	}
}

test_command_lines_too if {
	every line, class in {
		"aws iam attach-role-policy --role-name x": "iam-change",
		"kubectl delete namespace shop": "infrastructure-change",
		"terraform destroy -auto-approve": "infrastructure-change",
		"vault token revoke x": "access-revocation",
		"aws logs delete-log-group --log-group-name x": "log-deletion",
		"aws s3 cp db.sql s3://x": "exfiltration",
	} {
		class in by_command(line)
	}
	every line in ["aws iam list-roles", "kubectl get pods", "terraform plan", "git commit -m delete-all-logs", "echo aws iam attach-role-policy"] {
		by_command(line) == set()
	}
}

test_deploys_are_known_by_where_they_go if {
	every place in [{"environment": "production"}, {"env": "prod"}, {"target": "eu-prod-1"}, {"namespace": "live"}] {
		"production-deploy" in classes("deploy_service", place)
	}
	"production-deploy" in classes("promote_to_production", {})
	"production-deploy" in by_command("kubectl apply -f x.yaml -n production")
	every place in [{"environment": "staging"}, {"env": "preprodigy"}, {"target": "delivery"}, {}] {
		not "production-deploy" in classes("deploy_service", place)
	}
	not "production-deploy" in classes("list_deployments", {"environment": "production"})
	not "production-deploy" in by_command("kubectl get pods -n production")
}

test_where_it_is_strict_a_deploy_without_a_place_waits if {
	decision := gate.decision with input as sample.in_environment(sample.call("deploy_service", {}, {}), "production")
	"production-deploy" in {finding.id | some finding in decision.findings.hold}
}

test_an_exception_is_about_one_tool_of_one_server if {
	except := {"shop": {"send_email": true}}
	gate.outcome == "allow" with input as sample.call("send_email", {}, {}) with data.privileged.except as except
	gate.outcome == "hold" with input as sample.call("send_mail", {}, {}) with data.privileged.except as except
}
