# METADATA
# title: Sixteen classes
# description: >-
#   A07: for each class of action that must not slip by, calls that are stopped and calls that look alike and run.
package classes_test

import data.gate
import data.sample

call(tool, arguments) := sample.call(tool, arguments, {})

run(fields) := sample.call("query", {"sql": "…"}, sample.sql(fields))

command(line) := sample.call("run_command", {"command": line}, sample.shell([line], {}))

stopped(document) if {
	outcome := gate.outcome with input as document
	outcome in {"hold", "deny"}
}

runs(document) if gate.outcome == "allow" with input as document

test_export if {
	stopped(call("export_customers", {"limit": 5000}))
	runs(call("export_customers", {"limit": 50}))
}

test_bulk_export if {
	stopped(call("dump_database", {}))
	stopped(run({"kinds": ["export"], "reads": ["orders"]}))
	runs(run({"kinds": ["select"], "reads": ["orders"], "limit": 50}))
}

test_exfiltration if {
	stopped(call("upload_to_public_bucket", {}))
	stopped(sample.in_session(
		sample.call("http_request", {"method": "POST"}, sample.url("example.net", "name", {})),
		{"labels": ["private-data", "untrusted-content"]},
	))
	runs(call("upload_avatar", {}))
	runs(sample.call("http_request", {"method": "GET"}, sample.url("example.net", "name", {})))
}

test_role_escalation if {
	stopped(call("assume_role", {"role": "admin"}))
	stopped(run({"kinds": ["role"]}))
	runs(call("get_role", {"role": "admin"}))
	runs(run({"kinds": ["select"], "reads": ["pg_roles"]}))
}

test_admin_grant if {
	stopped(call("addOrgOwner", {"user": "ada"}))
	stopped(run({"kinds": ["grant"]}))
	runs(call("list_org_owners", {}))
}

test_iam_change if {
	stopped(call("attach_policy", {}))
	stopped(command("aws iam put-role-policy --role-name x"))
	runs(call("describe_policy", {}))
	runs(command("aws iam get-role --role-name x"))
}

test_permission_change if {
	stopped(call("update_permissions", {}))
	runs(call("get_permissions", {}))
}

test_infrastructure_change if {
	stopped(call("terminate_instances", {}))
	stopped(command("terraform apply"))
	runs(call("describe_instances", {}))
	runs(command("terraform plan"))
}

test_region_wide_wipe if {
	stopped(call("destroy_region", {"region": "eu-west-1"}))
	runs(call("describe_region", {"region": "eu-west-1"}))
}

test_production_deploy if {
	stopped(call("deploy_service", {"environment": "production"}))
	runs(call("deploy_service", {"environment": "staging"}))
}

test_schema_change if {
	stopped(run({"kinds": ["alter"], "writes": ["orders"]}))
	runs(run({"kinds": ["select"], "reads": ["information_schema.columns"]}))
}

test_table_drop if {
	stopped(run({"kinds": ["drop"], "writes": ["orders"]}))
	stopped(call("drop_table", {"table": "orders"}))
	runs(call("describe_table", {"table": "drop_table"}))
	runs(call("dropdown_options", {}))
}

test_secret_and_credential_rotation if {
	stopped(call("rotate_credentials", {}))
	stopped(call("resetPassword", {"user": "ada"}))
	runs(call("list_credentials", {}))
	runs(call("check_password_policy_status", {}))
}

test_access_revocation if {
	stopped(call("revoke_access", {}))
	stopped(call("disable_user", {}))
	runs(call("list_users", {}))
	runs(call("disable_notifications", {}))
}

test_log_deletion if {
	stopped(call("delete_log_group", {}))
	stopped(run({"kinds": ["delete"], "writes": ["audit_log"]}))
	stopped(sample.call("delete_file", {}, sample.path("/var/log/auth.log", {})))
	runs(call("read_log", {}))
	runs(run({"kinds": ["insert"], "writes": ["audit_log"], "risk": "medium"}))
	runs(sample.call("delete_file", {}, sample.path("/srv/work/login.html", {})))
}

test_third_party_call if {
	stopped(call("send_email", {"to": "a@b.example"}))
	stopped(sample.call("http_request", {"method": "POST"}, sample.url("api.partner.example", "name", {})))
	runs(call("read_email", {}))
	runs(call("draft_email", {}))
}
