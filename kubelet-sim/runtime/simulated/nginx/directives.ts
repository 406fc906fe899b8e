/**
 * The directives of nginx 1.29 as its image has them (those of modules that are loaded on request are not there). A line has where they may
 * stand, how many arguments they take, what their argument is, and their names. Where: `m` main, `e` events, `h` http, `s` server,
 * `l` location, `x` limit_except, `S` and `L` an `if` in a server or a location, `u` upstream; of a stream `H` itself, `V` server, `U` upstream.
 * Arguments: each digit is a number of them, `+` one or more, `2+` two or more, `*` any; `B` before these says that a block follows.
 */
const TABLE = `
m + - error_log worker_cpu_affinity
m 1 - env load_module ssl_engine worker_priority worker_processes
m 1 enum debug_points
m 1 flag daemon master_process pcre_jit ssl_object_cache_inheritable
m 1 msec timer_resolution worker_shutdown_timeout
m 1 num worker_rlimit_nofile
m 1 size worker_rlimit_core
m 1 str lock_file pid working_directory
m 12 - user
m 23 - thread_pool
m B0 - events http stream
meHVUhslxSLu 1 - include
e 1 - debug_connection use worker_connections
e 1 flag accept_mutex multi_accept
e 1 msec accept_mutex_delay
H 1 num map_hash_bucket_size map_hash_max_size server_names_hash_bucket_size server_names_hash_max_size variables_hash_bucket_size
H 1 num variables_hash_max_size
H 2 - limit_conn_zone
H 2+ - log_format
H B0 - server
H B1 - upstream
H B12 - geo
H B2 - map split_clients
HV + - access_log error_log proxy_ssl_alpn proxy_ssl_protocols resolver ssl_alpn ssl_protocols
HV 1 - allow deny proxy_download_rate proxy_ssl_certificate proxy_ssl_certificate_key proxy_ssl_name proxy_ssl_password_file
HV 1 - proxy_upload_rate set_real_ip_from ssl_certificate ssl_certificate_key ssl_ech_file ssl_ocsp_cache ssl_password_file
HV 1 - ssl_session_ticket_key
HV 1 enum limit_conn_log_level proxy_protocol ssl_ocsp ssl_verify_client
HV 1 flag limit_conn_dry_run proxy_half_close proxy_next_upstream proxy_socket_keepalive proxy_ssl proxy_ssl_server_name
HV 1 flag proxy_ssl_session_reuse proxy_ssl_verify ssl_certificate_compression ssl_prefer_server_ciphers ssl_preread
HV 1 flag ssl_reject_handshake ssl_session_tickets ssl_stapling ssl_stapling_verify tcp_nodelay
HV 1 msec preread_timeout proxy_connect_timeout proxy_next_upstream_timeout proxy_protocol_timeout proxy_timeout resolver_timeout
HV 1 msec ssl_handshake_timeout
HV 1 num proxy_next_upstream_tries proxy_requests proxy_responses proxy_ssl_verify_depth ssl_verify_depth
HV 1 sec ssl_session_timeout
HV 1 size preread_buffer_size proxy_buffer_size proxy_downstream_buffer proxy_socket_rcvbuf proxy_socket_sndbuf proxy_upstream_buffer
HV 1 str proxy_ssl_ciphers proxy_ssl_crl proxy_ssl_trusted_certificate ssl_ciphers ssl_client_certificate ssl_crl ssl_dhparam
HV 1 str ssl_ecdh_curve ssl_ocsp_responder ssl_stapling_file ssl_stapling_responder ssl_trusted_certificate
HV 12 - proxy_bind ssl_session_cache
HV 123 - proxy_ssl_certificate_cache ssl_certificate_cache
HV 1234 - open_log_file_cache
HV 2 - limit_conn proxy_ssl_conf_command ssl_conf_command
V + - listen server_name
V 1 - pass proxy_pass return
V 2 - set
U + - resolver server
U 0 - least_conn
U 012 - random
U 1 msec resolver_timeout
U 12 - hash zone
h 1 num map_hash_bucket_size map_hash_max_size server_names_hash_bucket_size server_names_hash_max_size variables_hash_bucket_size
h 1 num variables_hash_max_size
h 1 size http2_recv_buffer_size
h 2 - limit_conn_zone
h 2+ - fastcgi_cache_path log_format proxy_cache_path scgi_cache_path uwsgi_cache_path
h 3 - limit_req_zone
h B0 - server
h B1 - upstream
h B12 - geo
h B2 - map split_clients
hs + - ssl_protocols
hs 1 - http2_idle_timeout http2_max_concurrent_pushes http2_max_field_size http2_max_header_size http2_max_requests http2_recv_timeout
hs 1 - quic_host_key ssl_certificate ssl_certificate_key ssl_ech_file ssl_ocsp_cache ssl_password_file ssl_session_ticket_key
hs 1 enum ssl_ocsp ssl_verify_client
hs 1 flag http2 http3 http3_hq ignore_invalid_headers merge_slashes quic_gso quic_retry ssl_certificate_compression ssl_early_data
hs 1 flag ssl_prefer_server_ciphers ssl_reject_handshake ssl_session_tickets ssl_stapling ssl_stapling_verify underscores_in_headers
hs 1 msec client_header_timeout
hs 1 num http2_max_concurrent_streams http2_streams_index_size http3_max_concurrent_streams quic_active_connection_id_limit
hs 1 num ssl_verify_depth
hs 1 sec ssl_session_timeout
hs 1 size client_header_buffer_size connection_pool_size http2_body_preread_size http2_pool_size http3_stream_buffer_size
hs 1 size request_pool_size ssl_buffer_size
hs 1 str ssl_ciphers ssl_client_certificate ssl_crl ssl_dhparam ssl_ecdh_curve ssl_ocsp_responder ssl_stapling_file
hs 1 str ssl_stapling_responder ssl_trusted_certificate
hs 12 - ssl_session_cache
hs 123 - ssl_certificate_cache
hs 2 - large_client_header_buffers ssl_conf_command
hsl + - addition_types ancient_browser charset_types dav_methods early_hints error_log fastcgi_cache_bypass fastcgi_cache_methods
hsl + - fastcgi_cache_use_stale fastcgi_cache_valid fastcgi_ignore_headers fastcgi_next_upstream fastcgi_no_cache grpc_ignore_headers
hsl + - grpc_next_upstream grpc_ssl_protocols gzip_disable gzip_proxied gzip_types index memcached_next_upstream proxy_cache_bypass
hsl + - proxy_cache_methods proxy_cache_use_stale proxy_cache_valid proxy_ignore_headers proxy_next_upstream proxy_no_cache
hsl + - proxy_ssl_protocols resolver scgi_cache_bypass scgi_cache_methods scgi_cache_use_stale scgi_cache_valid scgi_ignore_headers
hsl + - scgi_next_upstream scgi_no_cache ssi_types sub_filter_types uwsgi_cache_bypass uwsgi_cache_methods uwsgi_cache_use_stale
hsl + - uwsgi_cache_valid uwsgi_ignore_headers uwsgi_next_upstream uwsgi_no_cache uwsgi_ssl_protocols
hsl 1 - aio ancient_browser_value auth_request directio fastcgi_cache fastcgi_cache_key fastcgi_catch_stderr fastcgi_hide_header
hsl 1 - fastcgi_limit_rate fastcgi_pass_header fastcgi_split_path_info fastcgi_store grpc_hide_header grpc_pass_header
hsl 1 - grpc_ssl_certificate grpc_ssl_certificate_key grpc_ssl_name grpc_ssl_password_file http2_push http2_push_preload mirror
hsl 1 - modern_browser_value proxy_cache proxy_cache_key proxy_hide_header proxy_limit_rate proxy_method proxy_pass_header
hsl 1 - proxy_ssl_certificate proxy_ssl_certificate_key proxy_ssl_name proxy_ssl_password_file proxy_store real_ip_header scgi_cache
hsl 1 - scgi_cache_key scgi_hide_header scgi_limit_rate scgi_pass_header scgi_store secure_link secure_link_md5 set_real_ip_from
hsl 1 - userid_expires userid_mark uwsgi_cache uwsgi_cache_key uwsgi_hide_header uwsgi_limit_rate uwsgi_pass_header
hsl 1 - uwsgi_ssl_certificate uwsgi_ssl_certificate_key uwsgi_ssl_name uwsgi_ssl_password_file uwsgi_store
hsl 1 enum autoindex_format client_body_in_file_only gzip_http_version gzip_static if_modified_since limit_conn_log_level
hsl 1 enum limit_req_log_level lingering_close proxy_http_version satisfy server_tokens userid
hsl 1 flag absolute_redirect aio_write autoindex autoindex_exact_size autoindex_localtime chunked_transfer_encoding
hsl 1 flag client_body_in_single_buffer create_full_put_path etag fastcgi_buffering fastcgi_cache_background_update fastcgi_cache_lock
hsl 1 flag fastcgi_cache_revalidate fastcgi_force_ranges fastcgi_ignore_client_abort fastcgi_intercept_errors fastcgi_keep_conn
hsl 1 flag fastcgi_pass_request_body fastcgi_pass_request_headers fastcgi_request_buffering fastcgi_socket_keepalive
hsl 1 flag grpc_intercept_errors grpc_socket_keepalive grpc_ssl_server_name grpc_ssl_session_reuse grpc_ssl_verify gunzip
hsl 1 flag gzip_no_buffer gzip_vary limit_conn_dry_run limit_req_dry_run log_not_found log_subrequest memcached_socket_keepalive
hsl 1 flag mirror_request_body mp4_start_key_frame msie_padding msie_refresh open_file_cache_errors open_file_cache_events
hsl 1 flag port_in_redirect proxy_buffering proxy_cache_background_update proxy_cache_convert_head proxy_cache_lock
hsl 1 flag proxy_cache_revalidate proxy_force_ranges proxy_ignore_client_abort proxy_intercept_errors proxy_pass_request_body
hsl 1 flag proxy_pass_request_headers proxy_pass_trailers proxy_request_buffering proxy_socket_keepalive proxy_ssl_server_name
hsl 1 flag proxy_ssl_session_reuse proxy_ssl_verify real_ip_recursive recursive_error_pages reset_timedout_connection scgi_buffering
hsl 1 flag scgi_cache_background_update scgi_cache_lock scgi_cache_revalidate scgi_force_ranges scgi_ignore_client_abort
hsl 1 flag scgi_intercept_errors scgi_pass_request_body scgi_pass_request_headers scgi_request_buffering scgi_socket_keepalive
hsl 1 flag server_name_in_redirect ssi_ignore_recycled_buffers ssi_silent_errors sub_filter_last_modified tcp_nodelay tcp_nopush
hsl 1 flag uwsgi_buffering uwsgi_cache_background_update uwsgi_cache_lock uwsgi_cache_revalidate uwsgi_force_ranges
hsl 1 flag uwsgi_ignore_client_abort uwsgi_intercept_errors uwsgi_pass_request_body uwsgi_pass_request_headers uwsgi_request_buffering
hsl 1 flag uwsgi_socket_keepalive uwsgi_ssl_server_name uwsgi_ssl_session_reuse uwsgi_ssl_verify
hsl 1 msec auth_delay client_body_timeout fastcgi_cache_lock_age fastcgi_cache_lock_timeout fastcgi_connect_timeout
hsl 1 msec fastcgi_next_upstream_timeout fastcgi_read_timeout fastcgi_send_timeout grpc_connect_timeout grpc_next_upstream_timeout
hsl 1 msec grpc_read_timeout grpc_send_timeout keepalive_min_timeout keepalive_time lingering_time lingering_timeout
hsl 1 msec memcached_connect_timeout memcached_next_upstream_timeout memcached_read_timeout memcached_send_timeout
hsl 1 msec proxy_cache_lock_age proxy_cache_lock_timeout proxy_connect_timeout proxy_next_upstream_timeout proxy_read_timeout
hsl 1 msec proxy_send_timeout resolver_timeout scgi_cache_lock_age scgi_cache_lock_timeout scgi_connect_timeout
hsl 1 msec scgi_next_upstream_timeout scgi_read_timeout scgi_send_timeout send_timeout uwsgi_cache_lock_age uwsgi_cache_lock_timeout
hsl 1 msec uwsgi_connect_timeout uwsgi_next_upstream_timeout uwsgi_read_timeout uwsgi_send_timeout
hsl 1 num fastcgi_cache_min_uses fastcgi_next_upstream_tries grpc_next_upstream_tries grpc_ssl_verify_depth keepalive_requests
hsl 1 num limit_conn_status limit_req_status max_ranges memcached_gzip_flag memcached_next_upstream_tries min_delete_depth
hsl 1 num open_file_cache_min_uses proxy_cache_min_uses proxy_headers_hash_bucket_size proxy_headers_hash_max_size
hsl 1 num proxy_next_upstream_tries proxy_ssl_verify_depth scgi_cache_min_uses scgi_next_upstream_tries types_hash_bucket_size
hsl 1 num types_hash_max_size userid_service uwsgi_cache_min_uses uwsgi_modifier1 uwsgi_modifier2 uwsgi_next_upstream_tries
hsl 1 num uwsgi_ssl_verify_depth
hsl 1 sec open_file_cache_valid
hsl 1 size client_body_buffer_size client_max_body_size directio_alignment fastcgi_buffer_size fastcgi_busy_buffers_size
hsl 1 size fastcgi_cache_max_range_offset fastcgi_max_temp_file_size fastcgi_send_lowat fastcgi_socket_rcvbuf fastcgi_socket_sndbuf
hsl 1 size fastcgi_temp_file_write_size grpc_buffer_size grpc_socket_rcvbuf grpc_socket_sndbuf gzip_hash gzip_min_length gzip_window
hsl 1 size http2_chunk_size memcached_buffer_size mp4_buffer_size mp4_max_buffer_size postpone_gzipping postpone_output
hsl 1 size proxy_buffer_size proxy_busy_buffers_size proxy_cache_max_range_offset proxy_max_temp_file_size proxy_send_lowat
hsl 1 size proxy_socket_rcvbuf proxy_socket_sndbuf proxy_temp_file_write_size read_ahead scgi_buffer_size scgi_busy_buffers_size
hsl 1 size scgi_cache_max_range_offset scgi_max_temp_file_size scgi_socket_rcvbuf scgi_socket_sndbuf scgi_temp_file_write_size
hsl 1 size send_lowat sendfile_max_chunk slice ssi_min_file_chunk ssi_value_length subrequest_output_buffer_size uwsgi_buffer_size
hsl 1 size uwsgi_busy_buffers_size uwsgi_cache_max_range_offset uwsgi_max_temp_file_size uwsgi_socket_rcvbuf uwsgi_socket_sndbuf
hsl 1 size uwsgi_temp_file_write_size
hsl 1 str add_after_body add_before_body default_type fastcgi_index grpc_ssl_ciphers grpc_ssl_crl grpc_ssl_trusted_certificate
hsl 1 str proxy_set_body proxy_ssl_ciphers proxy_ssl_crl proxy_ssl_trusted_certificate secure_link_secret userid_domain userid_name
hsl 1 str userid_p3p userid_path uwsgi_ssl_ciphers uwsgi_ssl_crl uwsgi_ssl_trusted_certificate uwsgi_string
hsl 12 - disable_symlinks fastcgi_bind grpc_bind keepalive_disable keepalive_timeout memcached_bind modern_browser open_file_cache
hsl 12 - proxy_bind proxy_cookie_domain proxy_cookie_path proxy_redirect scgi_bind uwsgi_bind
hsl 123 - dav_access fastcgi_store_access grpc_ssl_certificate_cache limit_req proxy_ssl_certificate_cache proxy_store_access
hsl 123 - scgi_store_access userid_flags uwsgi_ssl_certificate_cache uwsgi_store_access
hsl 1234 - client_body_temp_path fastcgi_temp_path open_log_file_cache proxy_cookie_flags proxy_temp_path scgi_temp_path
hsl 1234 - uwsgi_temp_path
hsl 2 - auth_request_set fastcgi_buffers grpc_set_header grpc_ssl_conf_command gunzip_buffers gzip_buffers limit_conn output_buffers
hsl 2 - proxy_buffers proxy_set_header proxy_ssl_conf_command scgi_buffers sub_filter uwsgi_buffers uwsgi_ssl_conf_command
hsl 23 - fastcgi_param scgi_param uwsgi_param
hsl B0 - types
hslx 1 - allow auth_basic auth_basic_user_file deny
hslxL + - access_log
hslSL 1 flag rewrite_log uninitialized_variable_warn
hslL 1 - charset limit_rate limit_rate_after root source_charset
hslL 1 flag gzip override_charset sendfile ssi
hslL 1 str post_action
hslL 12 - expires
hslL 2+ - error_page
hslL 23 - add_header add_trailer
s + - listen server_name
sl + - valid_referers
sl 01 - stub_status
sl 1 num referer_hash_bucket_size referer_hash_max_size
sl 2+ - try_files
sl B+ - if
sl B12 - location
slSL 0 - break
slSL 12 - return
slSL 2 - set
slSL 23 - rewrite
l 0 - empty_gif flv internal mp4
l 1 - alias
l 1 flag random_index
l B+ - limit_except
lxL 1 - proxy_pass
lL 1 - fastcgi_pass grpc_pass memcached_pass scgi_pass uwsgi_pass
u + - resolver server
u 0 - ip_hash least_conn
u 012 - random
u 1 msec keepalive_time keepalive_timeout resolver_timeout
u 1 num keepalive_requests
u 12 - hash keepalive zone
`;

/** What a directive's argument is, as far as it is looked at here. */
export type ArgumentKind = 'flag' | 'size' | 'msec' | 'sec' | 'num' | 'str' | 'enum' | '-';

/** Where and how a directive may be used. */
export interface DirectiveRule {
  readonly contexts: string;
  readonly isBlock: boolean;
  readonly counts: string;
  readonly kind: ArgumentKind;
}

/** Rules by name; a name that several modules have, has several. */
export function directiveRules(): ReadonlyMap<string, readonly DirectiveRule[]> {
  rules ??= readTable();
  return rules;
}

let rules: ReadonlyMap<string, readonly DirectiveRule[]> | undefined;

function readTable(): Map<string, DirectiveRule[]> {
  const made = new Map<string, DirectiveRule[]>();
  for (const line of TABLE.trim().split('\n')) {
    const [contexts = '', counts = '', kind = '-', ...names] = line.split(' ');
    const rule = { contexts, isBlock: counts.startsWith('B'), counts: counts.replace('B', ''), kind: kind as ArgumentKind };
    for (const name of names) made.set(name, [...(made.get(name) ?? []), rule]);
  }
  return made;
}

/** Whether a number of arguments is one that a rule takes. */
export function takes({ counts }: DirectiveRule, count: number): boolean {
  if (counts === '*') return true;
  if (counts.endsWith('+')) return count >= (counts === '2+' ? 2 : 1);
  return counts.includes(String(count));
}
