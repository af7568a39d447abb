//! Which functions do nothing but give a value?

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::facts::sql::Dialect;

/// Built in everywhere or nearly so, and harmless wherever they are.
const COMMON: &str = "abs acos any_value ascii asin atan atan2 avg bit_and bit_length bit_or bit_xor cast ceil ceiling \
    char char_length character_length coalesce concat concat_ws convert corr cos cosh cot count covar_pop covar_samp \
    cume_dist current_catalog current_date current_role current_schema current_time current_timestamp current_user date \
    datediff day degrees dense_rank exists exp extract first_value floor format greatest grouping hour if iff ifnull \
    instr json_array json_object lag last_value lead least left length ln localtime localtimestamp log log10 log2 lower \
    lpad ltrim max md5 min minute mod month nth_value ntile nullif octet_length overlay percent_rank percentile_cont \
    percentile_disc pi position pow power quarter radians rank regexp_count regexp_instr regexp_like regexp_replace \
    regexp_substr repeat replace reverse right round row row_number rpad rtrim second session_user sign sin sinh sqrt \
    std stddev stddev_pop stddev_samp strpos substr substring sum system_user tan tanh time timestamp to_char to_date \
    to_number to_timestamp translate trim trunc truncate unicode upper user values var_pop var_samp variance week year";

const POSTGRES: &str = "acosd acosh age any array array_agg array_append array_cat array_dims array_fill array_length \
    array_lower array_ndims array_position array_positions array_prepend array_remove array_replace array_reverse \
    array_sample array_shuffle array_sort array_to_json array_to_string array_to_tsvector array_upper asind asinh atan2d \
    atand atanh bit_count bool bool_and bool_or bound_box box bpchar broadcast btrim cardinality casefold cbrt center \
    chr circle clock_timestamp col_description convert_from convert_to cosd cotd crc32 crc32c current_database \
    current_query current_schemas current_setting currval date_add date_bin date_part date_subtract date_trunc decode \
    diameter div encode enum_first enum_last enum_range erf erfc every factorial family format_type gamma gcd \
    gen_random_uuid generate_series generate_subscripts get_bit get_byte get_current_ts_config has_any_column_privilege \
    has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege has_function_privilege \
    has_language_privilege has_parameter_privilege has_schema_privilege has_sequence_privilege has_server_privilege \
    has_table_privilege has_tablespace_privilege has_type_privilege height host hostmask icu_unicode_version \
    inet_client_addr inet_client_port inet_merge inet_same_family inet_server_addr inet_server_port initcap int4 int8 \
    isclosed isempty isfinite isopen json_agg json_array_elements json_array_elements_text json_array_length \
    json_arrayagg json_build_array json_build_object json_each json_each_text json_exists json_extract_path \
    json_extract_path_text json_object_agg json_object_keys json_objectagg json_populate_record \
    json_populate_recordset json_query json_scalar json_serialize json_strip_nulls json_table json_to_record \
    json_to_recordset json_typeof json_value jsonb_agg jsonb_array_elements jsonb_array_elements_text \
    jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path \
    jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists \
    jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array \
    jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz \
    jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls \
    jsonb_to_record jsonb_to_recordset jsonb_typeof justify_days justify_hours justify_interval lastval lcm \
    levenshtein lower_inc lower_inf make_date make_interval make_time make_timestamp make_timestamptz makeaclitem \
    masklen merge_action metaphone min_scale mode multirange netmask network normalize now npoints num_nonnulls \
    num_nulls numeric numnode obj_description parse_ident path pclose pg_backend_pid pg_blocking_pids \
    pg_char_to_encoding pg_client_encoding pg_collation_is_visible pg_column_compression pg_column_size \
    pg_conf_load_time pg_control_system pg_current_snapshot pg_current_wal_lsn pg_database_size \
    pg_encoding_to_char pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_function_arguments \
    pg_get_function_identity_arguments pg_get_function_result pg_get_functiondef pg_get_indexdef pg_get_keywords \
    pg_get_object_address pg_get_partition_constraintdef pg_get_partkeydef pg_get_publication_tables pg_get_ruledef \
    pg_get_serial_sequence pg_get_statisticsobjdef pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role \
    pg_identify_object pg_index_column_has_property pg_index_has_property pg_indexam_has_property pg_indexes_size \
    pg_is_in_recovery pg_is_other_temp_schema pg_is_wal_replay_paused pg_jit_available pg_last_committed_xact \
    pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_my_temp_schema \
    pg_notification_queue_usage pg_opclass_is_visible pg_operator_is_visible pg_partition_ancestors \
    pg_partition_root pg_partition_tree pg_postmaster_start_time pg_relation_filenode pg_relation_size \
    pg_safe_snapshot_blocking_pids pg_sequence_last_value pg_size_bytes pg_size_pretty pg_stat_get_activity \
    pg_stat_get_live_tuples pg_stat_get_dead_tuples pg_stat_get_numscans pg_table_is_visible pg_table_size \
    pg_tablespace_databases pg_tablespace_location pg_tablespace_size pg_total_relation_size pg_trigger_depth \
    pg_type_is_visible pg_typeof pg_visible_in_snapshot pg_wal_lsn_diff phraseto_tsquery plainto_tsquery point polygon \
    popen quote_ident quote_literal quote_nullable radius random random_normal range_agg range_intersect_agg \
    range_merge regclass regexp_match regexp_matches regexp_split_to_array regexp_split_to_table regr_avgx regr_avgy \
    regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy row_security_active row_to_json scale \
    set_bit set_byte set_masklen setseed setweight sha224 sha256 sha384 sha512 shobj_description show_limit show_trgm \
    similarity sind soundex split_part sqrt starts_with statement_timestamp string_agg string_to_array string_to_table \
    strict_word_similarity strip tand text timeofday to_ascii to_bin to_hex to_json to_jsonb to_oct to_regclass \
    to_regcollation to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure to_regrole to_regtype \
    to_tsquery to_tsvector transaction_timestamp trim_array trim_scale ts_debug ts_delete ts_filter ts_headline \
    ts_lexize ts_parse ts_rank ts_rank_cd ts_token_type tsquery_phrase tsvector_to_array tstzrange tsrange daterange \
    int4range int8range numrange txid_current_if_assigned txid_current_snapshot unaccent unicode_assigned \
    unicode_version unistr unnest upper_inc upper_inf uuid_extract_timestamp uuid_extract_version uuid_generate_v1 \
    uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4 uuid_generate_v5 uuidv4 uuidv7 varchar version \
    websearch_to_tsquery width width_bucket word_similarity xml_is_well_formed xmlagg xmlattributes xmlcomment \
    xmlconcat xmlelement xmlexists xmlforest xmlparse xmlpi xmlserialize xmltable xpath xpath_exists lo_get crypt \
    gen_salt hmac digest gen_random_bytes pgp_sym_encrypt pgp_sym_decrypt armor dearmor difference dmetaphone \
    cosine_distance inner_product l1_distance l2_distance l2_normalize vector_dims vector_norm subvector \
    time_bucket time_bucket_gapfill first last locf interpolate akeys avals hstore skeys svals slice exist defined \
    nlevel subltree subpath lca text2ltree earth_distance ll_to_earth cube_distance icount sort uniq idx";

const MYSQL: &str = "adddate addtime aes_decrypt aes_encrypt any_value bin bin_to_uuid binary bit_count can_access_column \
    can_access_database can_access_table charset coercibility collation compress connection_id conv convert_tz crc32 \
    curdate curtime database date_add date_format date_sub dayname dayofmonth dayofweek dayofyear decode default elt \
    encode export_set extractvalue field find_in_set format_bytes format_pico_time found_rows from_base64 from_days \
    from_unixtime geomfromtext get_format group_concat grouping gtid_subset gtid_subtract hex icu_version inet6_aton \
    inet6_ntoa inet_aton inet_ntoa insert interval is_free_lock is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_used_lock \
    is_uuid isnull json_array_append json_array_insert json_arrayagg json_contains json_contains_path json_depth \
    json_extract json_insert json_keys json_length json_merge json_merge_patch json_merge_preserve json_objectagg \
    json_overlaps json_pretty json_query json_quote json_remove json_replace json_schema_valid json_search json_set \
    json_storage_free json_storage_size json_table json_type json_unquote json_valid json_value json_exists json_compact \
    json_detailed json_loose json_normalize json_equals lcase linestring locate make_set makedate maketime match mbrcontains mbrwithin \
    microsecond mid monthname multipolygon multipoint name_const now oct ord period_add period_diff point polygon \
    password old_password ps_current_thread_id ps_thread_id quote rand random_bytes regexp roles_graphml row_count \
    schema sec_to_time sha sha1 sha2 soundex space statement_digest statement_digest_text str_to_date strcmp subdate \
    substring_index subtime sysdate time_format time_to_sec timediff timestampadd timestampdiff to_base64 to_days \
    to_seconds ucase uncompress uncompressed_length unhex unix_timestamp updatexml utc_date utc_time utc_timestamp uuid \
    uuid_short uuid_to_bin validate_password_strength version weekday weekofyear weight_string xor yearweek nvl nvl2 \
    natural_sort_key to_char chr decode_oracle add_months from_base64 percentile_cont vec_distance vec_fromtext \
    extract_schema_from_file_name format_path list_add list_drop quote_identifier sys_get_config version_major";

const SQLITE: &str = "acosh asinh atanh changes concat_ws date datetime fts5 glob group_concat hex iif json json_array_insert \
    json_array_length json_each json_error_position json_extract json_group_array json_group_object json_insert \
    json_patch json_pretty json_quote json_remove json_replace json_set json_tree json_type json_valid jsonb jsonb_array \
    jsonb_each jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove \
    jsonb_replace jsonb_set jsonb_tree julianday last_insert_rowid like likelihood likely median nullif percentile printf \
    quote random randomblob raise regexp sha1 sha3 snippet bm25 highlight offsets matchinfo soundex spellfix1_phonehash \
    sqlite_compileoption_get sqlite_compileoption_used sqlite_offset sqlite_source_id sqlite_version strftime \
    string_agg subtype timediff total total_changes typeof unhex unistr unistr_quote unixepoch unlikely uuid uuid_str uuid_blob \
    zeroblob generate_series json_array_elements carray decimal decimal_add decimal_cmp decimal_mul decimal_sub decimal_sum \
    ieee754 base64 base85 pragma_table_info pragma_table_xinfo pragma_table_list pragma_index_list pragma_index_info \
    pragma_index_xinfo pragma_foreign_key_list pragma_database_list pragma_function_list pragma_collation_list \
    pragma_compile_options pragma_module_list pragma_pragma_list pragma_user_version rtreenode rtreedepth \
    vec_distance_cosine vec_distance_l2 vec_f32 vec_to_json vec_length vec_version geopoly_area geopoly_within";

const MSSQL: &str = "acos app_name applock_mode applock_test approx_count_distinct atn2 base64_encode base64_decode \
    binary_checksum bit_count cert_id charindex checksum checksum_agg choose col_length col_name columnproperty columns_updated compress \
    connectionproperty context_info count_big currency current_timezone current_timezone_id current_transaction_id \
    cursor_status database_principal_id databasepropertyex datalength date_bucket dateadd datediff_big datefromparts \
    datename datepart datetime2fromparts datetimefromparts datetimeoffsetfromparts datetrunc db_id db_name decompress \
    difference edge_id_from_parts eomonth error_line error_message error_number error_procedure error_severity error_state \
    eventdata file_id file_idex file_name filegroup_id filegroup_name fileproperty formatmessage freetexttable \
    containstable contains freetext fulltextcatalogproperty generate_series getdate getutcdate get_bit get_filestream_transaction_context \
    greatest grouping_id hashbytes has_dbaccess has_perms_by_name host_id host_name ident_current ident_incr ident_seed \
    iif index_col indexkey_property indexproperty is_member is_rolemember is_srvrolemember isdate isjson isnull isnumeric \
    json_arrayagg json_contains json_modify json_objectagg json_path_exists json_query json_value left_shift len \
    loginproperty nchar newid newsequentialid object_definition object_id object_name object_schema_name objectproperty \
    objectpropertyex openjson openxml original_db_name original_login parse parsename patindex permissions product pwdcompare \
    quotename rand replicate right_shift rowcount_big schema_id schema_name scope_identity serverproperty session_context \
    sessionproperty set_bit smalldatetimefromparts soundex space sql_variant_property square stats_date stdev stdevp str \
    string_agg string_escape string_split stuff suser_id suser_name suser_sid suser_sname switchoffset sysdatetime \
    sysdatetimeoffset sysutcdatetime textptr textvalid timefromparts todatetimeoffset trigger_nestlevel try_cast \
    try_convert try_parse type_id type_name typeproperty unistr update user_id user_name var varp vector_distance \
    verifysignedbycert xact_state fn_helpcollations fn_listextendedproperty dm_exec_sql_text dm_exec_query_plan \
    dm_db_index_physical_stats dm_exec_cursors dm_exec_describe_first_result_set dm_io_virtual_file_stats fn_virtualfilestats min_active_rowversion";

const SNOWFLAKE: &str = "acosh add_months all_user_names alert_history approx_count_distinct approx_percentile approx_top_k approximate_similarity \
    array_agg array_append array_cat array_compact array_construct array_construct_compact array_contains array_distinct \
    array_except array_flatten array_generate_range array_insert array_intersection array_max array_min array_position \
    array_prepend array_remove array_remove_at array_reverse array_size array_slice array_sort array_sum array_to_string \
    array_union_agg array_unique_agg arrays_overlap arrays_to_object arrays_zip as_array as_binary as_char as_date as_double as_integer \
    as_number as_object as_timestamp_ntz as_varchar asinh atanh base64_decode_binary base64_decode_string base64_encode \
    bitand bitand_agg bitmap_bit_position bitmap_bucket_number bitmap_construct_agg bitmap_count bitmap_or_agg bitnot bitor \
    bitor_agg bitshiftleft bitshiftright bitxor bitxor_agg booland booland_agg boolnot boolor boolor_agg boolxor cbrt charindex \
    check_json check_xml chr collate collation compress conditional_change_event conditional_true_event contains \
    convert_timezone count_if current_account current_account_name current_available_roles current_client current_database \
    current_ip_address current_organization_name current_region current_schemas current_secondary_roles current_session \
    current_statement current_transaction current_version current_warehouse date_from_parts date_part date_trunc dateadd \
    datefromparts dayname dayofmonth dayofweek dayofweekiso dayofyear decode decompress_binary decompress_string \
    decrypt decrypt_raw div0 div0null editdistance encrypt encrypt_raw endswith equal_null factorial filter flatten \
    generator get get_ddl get_path getbit getdate grouping_id haversine hash hash_agg hex_decode_binary hex_decode_string \
    hex_encode hll hll_accumulate hll_combine hll_estimate hourofday ilike in insert invoker_role invoker_share is_array is_binary \
    is_boolean is_char is_date is_decimal is_double is_integer is_null_value is_object is_real is_role_in_session \
    is_database_role_in_session is_granted_to_invoker_role is_time is_timestamp_ltz is_timestamp_ntz is_timestamp_tz is_varchar jarowinkler_similarity \
    json_extract_path_text kurtosis last_day last_query_id last_transaction like_all like_any listagg md5_binary md5_hex \
    md5_number_lower64 median minhash minhash_combine mode monthname months_between next_day normal nvl nvl2 object_agg \
    object_construct object_construct_keep_null object_delete object_insert object_keys object_pick parse_ip parse_json \
    parse_url parse_xml previous_day query_history query_history_by_session query_history_by_user query_history_by_warehouse \
    randstr random ratio_to_report reduce regexp regexp_extract_all regexp_substr_all regr_slope regr_intercept regr_r2 \
    result_scan rlike sha1 sha1_hex sha2 sha2_binary sha2_hex skew soundex space split split_part split_to_table \
    square startswith strtok strtok_split_to_table strtok_to_array sysdate systimestamp table_storage_metrics task_history \
    time_from_parts time_slice timeadd timediff timestamp_from_parts timestamp_ltz_from_parts timestamp_ntz_from_parts \
    timestamp_tz_from_parts timestampadd timestampdiff to_array to_binary to_boolean to_decimal to_double to_geography \
    to_geometry to_json to_numeric to_object to_time to_timestamp_ltz to_timestamp_ntz to_timestamp_tz to_varchar \
    to_variant to_xml transform try_base64_decode_binary try_base64_decode_string try_cast try_hex_decode_binary \
    try_hex_decode_string try_parse_json try_to_binary try_to_boolean try_to_date try_to_decimal try_to_double \
    try_to_number try_to_numeric try_to_time try_to_timestamp try_to_timestamp_ntz try_to_geography typeof unicode uniform \
    uuid_string var vector_cosine_similarity vector_inner_product vector_l2_distance warehouse_load_history \
    warehouse_metering_history week weekiso weekofyear width_bucket xmlget yearofweek yearofweekiso zeroifnull zipf \
    copy_history login_history seq1 seq2 seq4 seq8 identifier table lateral array_any_value max_by min_by nullifzero \
    database_storage_usage_history automatic_clustering_history tag_references policy_references get_object_references";

const BIGQUERY: &str = "acosh appends approx_count_distinct approx_quantiles approx_top_count approx_top_sum array_agg \
    array_concat array_concat_agg array_first array_last array_length array_reverse array_slice array_to_string asinh atanh avg bag_of_words \
    bit_count bool byte_length bytes cbrt changes chr code_points_to_bytes code_points_to_string collate contains_substr \
    cosine_distance countif csch coth current_datetime date_add date_bucket date_diff date_from_unix_date date_sub date_trunc \
    datetime datetime_add datetime_bucket datetime_diff datetime_sub datetime_trunc deterministic_encrypt \
    deterministic_decrypt_string div edit_distance ends_with error euclidean_distance farm_fingerprint flatten float64 \
    format_date format_datetime format_time format_timestamp from_base32 from_base64 from_hex gap_fill generate_array \
    generate_date_array generate_range_array generate_timestamp_array generate_uuid hll_count ieee_divide initcap int64 is_inf is_nan \
    is_distinct json_array_append json_array_insert json_extract json_extract_array json_extract_scalar \
    json_extract_string_array json_keys json_query json_query_array json_remove json_set json_strip_nulls json_type json_value \
    json_value_array justify_days justify_hours justify_interval lax_bool lax_float64 lax_int64 lax_string last_day \
    logical_and logical_or make_interval max_by min_by normalize normalize_and_casefold offset ordinal parse_bignumeric parse_date \
    parse_datetime parse_json parse_numeric parse_time parse_timestamp quantiles rand range range_bucket range_contains \
    range_end range_intersect range_overlaps range_start regexp_contains regexp_extract regexp_extract_all safe_add safe_cast \
    safe_convert_bytes_to_string safe_divide safe_multiply safe_negate safe_offset safe_ordinal safe_subtract sec sech search session \
    session_user sha1 sha256 sha512 soundex split starts_with string string_agg struct text_analyze tf_idf time_add time_diff time_sub \
    time_trunc timestamp_add timestamp_bucket timestamp_diff timestamp_micros timestamp_millis timestamp_seconds \
    timestamp_sub timestamp_trunc to_base32 to_base64 to_code_points to_hex to_json to_json_string unix_date unix_micros \
    unix_millis unix_seconds unnest vector_search ip_from_string ip_net_mask ip_to_string ip_trunc host reg_domain \
    public_suffix safe_ip_from_string extract_ merge_partial init partial";

/// The functions of maps and shapes, which are many.
const SHAPES: &str = "st_";

type Names = BTreeSet<&'static str>;

static KNOWN: LazyLock<[Names; 6]> = LazyLock::new(|| {
    [POSTGRES, MYSQL, SQLITE, MSSQL, SNOWFLAKE, BIGQUERY]
        .map(|own| COMMON.split_ascii_whitespace().chain(own.split_ascii_whitespace()).collect())
});

/// Whether a function of the dialect, lower-case and without a schema, gives a value and nothing else.
pub(super) fn is(name: &str, dialect: Dialect) -> bool {
    let [postgres, mysql, sqlite, server, snowflake, bigquery] = &*KNOWN;
    let known = match dialect {
        Dialect::Postgres => postgres,
        Dialect::Mysql => mysql,
        Dialect::Sqlite => sqlite,
        Dialect::Mssql => server,
        Dialect::Snowflake => snowflake,
        Dialect::Bigquery => bigquery,
    };
    known.contains(name) || name.starts_with(SHAPES)
}
