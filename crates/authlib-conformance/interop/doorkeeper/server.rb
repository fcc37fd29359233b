# Doorkeeper with doorkeeper-openid_connect, as in GitLab, from Debian's packages, on loopback; ../loopback.py says how
# it is started and documents the settings. Everything is as shipped, but for:
#   - refresh tokens are enabled, which rotate;
#   - the page for consent hands on `nonce`, as the documentation of doorkeeper-openid_connect asks;
#   - `auth_time` is the user's last sign-in anywhere, as in GitLab and in the template of doorkeeper-openid_connect.
require "json"

# Standard output belongs to the one line at the end.
ANNOUNCE = $stdout.dup
$stdout.reopen($stderr)

SETTINGS = JSON.parse(ARGV[0] || ENV.fetch("INTEROP_CONFIG", "{}")).freeze
ALICE = { name: "Alice Example", email: "alice@example.com" }.freeze

require "rails"
require "active_record/railtie"
require "action_controller/railtie"
require "doorkeeper"
require "doorkeeper/openid_connect"
require "rack/handler/webrick"

SERVER = WEBrick::HTTPServer.new(
  BindAddress: "127.0.0.1", Port: SETTINGS.fetch("port", 0), AccessLog: [],
  Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN)
)
ISSUER = "http://127.0.0.1:#{SERVER.listeners.first.local_address.ip_port}".freeze

ENV["DATABASE_URL"] = "sqlite3::memory:?pool=1"

class Server < Rails::Application
  config.root = __dir__
  config.load_defaults 6.1
  config.eager_load = false
  # One request after the other: the database in memory is one connection.
  config.allow_concurrency = false
  config.secret_key_base = SecureRandom.hex(64)
  config.logger = Logger.new($stderr)
  config.log_level = :warn
  config.cache_classes = true
  config.hosts = ["127.0.0.1"]
end

Doorkeeper.configure do
  orm :active_record
  resource_owner_authenticator do
    User.find_by(id: session[:user]) || redirect_to("/login?#{{ next: request.fullpath }.to_query}")
  end
  default_scopes :openid
  optional_scopes :profile, :email
  access_token_expires_in SETTINGS.fetch("access_token_ttl", 3600)
  use_refresh_token
  force_ssl_in_redirect_uri false
end

Doorkeeper::OpenidConnect.configure do
  issuer ISSUER
  signing_key OpenSSL::PKey::RSA.generate(2048).to_pem
  resource_owner_from_access_token { |token| User.find_by(id: token.resource_owner_id) }
  auth_time_from_resource_owner(&:current_sign_in_at)
  subject { |owner, _application| owner.login }
  claims do
    claim(:name, scope: :profile, response: %i[id_token user_info]) { ALICE[:name] }
    claim(:email, scope: :email, response: %i[id_token user_info]) { ALICE[:email] }
  end
end

Rails.application.initialize!

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table(:users) do |t|
    t.string :login
    t.datetime :current_sign_in_at
  end
  create_table(:oauth_applications) do |t|
    t.string :name, :uid, :secret
    t.text :redirect_uri
    t.string :scopes, default: ""
    t.boolean :confidential, default: true
    t.timestamps
  end
  create_table(:oauth_access_grants) do |t|
    t.references :resource_owner, :application
    t.string :token, :scopes, :code_challenge, :code_challenge_method
    t.integer :expires_in
    t.text :redirect_uri
    t.datetime :created_at, :revoked_at
  end
  create_table(:oauth_access_tokens) do |t|
    t.references :resource_owner, :application
    t.string :token, :refresh_token, :scopes
    t.string :previous_refresh_token, default: ""
    t.integer :expires_in
    t.datetime :revoked_at, :created_at
  end
  create_table(:oauth_openid_requests) do |t|
    t.references :access_grant
    t.string :nonce
  end
end

class User < ActiveRecord::Base
end

User.create!(login: "alice")
SETTINGS["clients"].to_a.each do |client|
  Doorkeeper::Application.create!(
    name: "App", uid: client["client_id"], secret: client["client_secret"],
    redirect_uri: client["redirect_uris"].join("\n"), scopes: "openid profile email"
  )
end

# The only connection is for the threads of the requests.
ActiveRecord::Base.clear_active_connections!

class LoginController < ActionController::Base
  skip_forgery_protection

  def new
    render html: <<~HTML.html_safe
      <!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title>
      <form method="post" action=""><label>User <input name="login" value="alice"></label>
      <button>Continue</button></form></html>
    HTML
  end

  # Each sign-in counts as one on another device: an hour later than the one before.
  def create
    user = User.find_by!(login: params[:login])
    user.update!(current_sign_in_at: (user.current_sign_in_at || 1.day.ago) + 1.hour)
    session[:user] = user.id
    params[:next] ? redirect_to(params[:next]) : render(plain: "Signed in.")
  end
end

Rails.application.routes.draw do
  use_doorkeeper
  use_doorkeeper_openid_connect
  get "/login", to: "login#new"
  post "/login", to: "login#create"
end

SERVER.mount("/", Rack::Handler::WEBrick, Rails.application)
Thread.new do
  nil while $stdin.read(1024)
  exit!
end
ANNOUNCE.puts({ issuer: ISSUER }.to_json)
ANNOUNCE.flush
SERVER.start
