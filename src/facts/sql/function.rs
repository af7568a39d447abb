//! What can a function do besides giving a value?

mod harmless;

use super::{Dialect, FunctionClass};

/// Functions with an effect, by dialect. A name that ends in `*` stands for all that begin like it.
const EFFECTS: &[(Dialect, FunctionClass, &str)] = &[
    (
        Dialect::Postgres,
        FunctionClass::File,
        "pg_read_file pg_read_binary_file pg_ls_dir pg_stat_file pg_ls_* pg_file_* pg_logdir_ls lo_import lo_export \
         pg_current_logfile pg_read_server_files file_fdw_handler pg_hba_file_rules pg_ident_file_mappings \
         pg_show_all_file_settings pg_file_settings be_lo_import be_lo_export",
    ),
    (Dialect::Postgres, FunctionClass::Program, "plpython3_call_handler plperlu_call_handler pg_exec system"),
    (
        Dialect::Postgres,
        FunctionClass::Network,
        "dblink dblink_* postgres_fdw_* http http_* net.http_* aws_s3.* aws_lambda.* pg_net.* azure_storage.* \
         pg_create_logical_replication_slot pg_create_physical_replication_slot pg_logical_slot_* pg_replication_origin_*",
    ),
    (
        Dialect::Postgres,
        FunctionClass::Dynamic,
        "query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml table_to_xml table_to_xml_and_xmlschema \
         schema_to_xml schema_to_xml_and_xmlschema database_to_xml database_to_xml_and_xmlschema ts_stat ts_rewrite \
         crosstab crosstab2 crosstab3 crosstab4 crosstabn connectby cron.* pg_background_launch plpgsql_check_function",
    ),
    (
        Dialect::Postgres,
        FunctionClass::Writes,
        "nextval setval lo_create lo_creat lo_unlink lo_put lo_truncate lo_truncate64 lowrite lo_from_bytea lo_open \
         pg_notify pg_logical_emit_message pg_import_system_collations txid_current pg_current_xact_id \
         pg_export_snapshot addgeometrycolumn dropgeometrycolumn dropgeometrytable updategeometrysrid \
         populate_geometry_columns create_hypertable drop_chunks pg_clear_* pg_restore_* pg_set_*",
    ),
    (
        Dialect::Postgres,
        FunctionClass::Admin,
        "pg_terminate_backend pg_cancel_backend set_config pg_reload_conf pg_rotate_logfile pg_promote pg_switch_wal \
         pg_create_restore_point pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup pg_wal_replay_* \
         pg_drop_replication_slot pg_copy_* pg_replication_slot_advance pg_stat_reset* pg_log_backend_memory_contexts \
         pg_extension_config_dump pg_stat_clear_snapshot pg_stat_force_next_flush brin_* gin_clean_pending_list \
         pg_prewarm autoprewarm_* pg_stat_statements_reset pg_sync_replication_slots pg_truncate_* pg_write_*",
    ),
    (Dialect::Postgres, FunctionClass::Waits, "pg_sleep pg_sleep_for pg_sleep_until pg_advisory_* pg_try_advisory_*"),
    (Dialect::Mysql, FunctionClass::File, "load_file"),
    (Dialect::Mysql, FunctionClass::Program, "sys_exec sys_eval sys_bineval sys_get sys_set lib_mysqludf_*"),
    (Dialect::Mysql, FunctionClass::Network, "http_get http_post group_replication_*"),
    (Dialect::Mysql, FunctionClass::Writes, "nextval setval lastval last_insert_id"),
    (
        Dialect::Mysql,
        FunctionClass::Admin,
        "keyring_* audit_log_* asynchronous_connection_* mysql_firewall_* set_firewall_* read_firewall_* \
         ps_setup_* gen_blocklist wait_for_executed_gtid_set",
    ),
    (
        Dialect::Mysql,
        FunctionClass::Waits,
        "sleep benchmark get_lock release_lock release_all_locks service_get_* service_release_* version_tokens_lock_* \
         master_pos_wait source_pos_wait master_gtid_wait wait_until_sql_thread_after_gtids",
    ),
    (Dialect::Sqlite, FunctionClass::File, "readfile writefile fsdir lsdir sqlar_compress zipfile edit import_csv"),
    (Dialect::Sqlite, FunctionClass::Program, "load_extension system shell exec fts3_tokenizer"),
    (Dialect::Sqlite, FunctionClass::Network, "http_get http_post http_request_* http_get_* http_post_*"),
    (Dialect::Sqlite, FunctionClass::Dynamic, "eval query"),
    (Dialect::Sqlite, FunctionClass::Admin, "sqlite_dbpage sqlite_dbdata sqlcipher_export"),
    (
        Dialect::Mssql,
        FunctionClass::File,
        "fn_get_audit_file fn_trace_gettable fn_xe_file_target_read_file fn_dump_dblog fn_full_dblog fn_dblog",
    ),
    (Dialect::Mssql, FunctionClass::Program, "xp_cmdshell sp_oacreate sp_oamethod sp_execute_external_script"),
    (Dialect::Mssql, FunctionClass::Network, "openrowset openquery opendatasource predict"),
    (Dialect::Mssql, FunctionClass::Dynamic, "sp_executesql"),
    (Dialect::Mssql, FunctionClass::Admin, "xp_*"),
    (Dialect::Snowflake, FunctionClass::Admin, "system$*"),
    (
        Dialect::Snowflake,
        FunctionClass::Network,
        "snowflake.cortex.* cortex.* ai_* system$send_* system$external_* get_presigned_url build_scoped_file_url",
    ),
    (Dialect::Snowflake, FunctionClass::Waits, "system$wait"),
    (
        Dialect::Bigquery,
        FunctionClass::Network,
        "external_query ml.generate_* ml.annotate_* ml.translate ml.understand_text ml.process_document ml.transcribe ai.* bqutil.* external_object_transform obj.get_access_url",
    ),
    (Dialect::Bigquery, FunctionClass::Admin, "bq.*"),
];

/// What a function can do, or nothing when it is known to do nothing. The name is as written, without quotes.
pub(super) fn class(name: &str, dialect: Dialect) -> Option<FunctionClass> {
    let lower = name.to_ascii_lowercase();
    let last = lower.rsplit('.').next().unwrap_or(&lower);
    let schema = lower.strip_suffix(last).unwrap_or_default().trim_end_matches('.');
    let own = schema.is_empty() || is_system(schema, dialect);
    // Most functions are harmless and built in, and no name is in both lists of one dialect.
    if own && harmless::is(last, dialect) {
        return None;
    }
    let mut found = None;
    for (of, class, names) in EFFECTS {
        if *of == dialect && names.split_ascii_whitespace().any(|pattern| fits(pattern, &lower, last)) {
            found = Some(*class);
            if *class != FunctionClass::Admin {
                break;
            }
        }
    }
    found.or_else(|| {
        // Methods of a column (`.value()`, `.nodes()`), functions of a model.
        let method = dialect == Dialect::Mssql
            && matches!(last, "value" | "query" | "nodes" | "exist" | "tostring" | "stastext");
        let package = dialect == Dialect::Bigquery
            && matches!(schema, "ml" | "net" | "safe" | "keys" | "aead" | "hll_count" | "range");
        if method || package { None } else { Some(FunctionClass::Unknown) }
    })
}

fn fits(pattern: &str, name: &str, last: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(head) if head.contains('.') => name.starts_with(head),
        Some(head) => last.starts_with(head),
        None if pattern.contains('.') => name == pattern,
        None => last == pattern,
    }
}

fn is_system(schema: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Postgres => matches!(schema, "pg_catalog" | "information_schema"),
        Dialect::Mysql => matches!(schema, "sys" | "mysql"),
        Dialect::Sqlite => false,
        Dialect::Mssql => matches!(schema, "sys" | "information_schema"),
        Dialect::Snowflake => schema.ends_with("information_schema"),
        Dialect::Bigquery => matches!(schema, "safe" | "net"),
    }
}

/// Whether a call gives one value for all rows that is no longer than one of theirs.
pub(super) fn sums_up(name: &str) -> bool {
    const SUMS: &str = " count sum avg min max stddev stddev_pop stddev_samp variance var_pop var_samp total count_big \
        count_if countif approx_count_distinct bool_and bool_or every any_value corr stdev stdevp var varp \
        logical_and logical_or bit_and bit_or bit_xor percentile_cont percentile_disc median std ";
    let lower = name.to_ascii_lowercase();
    SUMS.split_ascii_whitespace().any(|sum| sum == lower)
}
