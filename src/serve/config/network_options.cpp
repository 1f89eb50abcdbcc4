#include <utility>

#include "serve/config/address.h"
#include "serve/config/option_groups.h"
#include "serve/config/parse.h"

namespace octet {
namespace {

using C = LiveConfig;

// A file whose first line is the value; get() is for comparison alone.
template <typename Member>
Option<C> secret_option(OptionInfo info, Member member) {
  info.kind = OptionKind::kSecret;
  return {info, [member](const C& c) -> std::string { return member(c); },
          [member](C& c, const std::string& file) { member(c) = read_secret(file); }};
}

}  // namespace

std::vector<LiveOption> network_options() {
  using enum TakesEffect;
  const Option<C> mqtt{{.key = "mqtt.address",
                        .flag = "--mqtt",
                        .help = "MQTT broker, as mqtt://user@host:1883/topic."},
                       [](const C& c) { return mqtt_address(c.mqtt); },
                       [](C& c, const std::string& text) {
                         MqttOptions broker = text.empty() ? MqttOptions{} : parse_mqtt(text);
                         broker.password = std::move(c.mqtt.password);
                         broker.discovery = std::move(c.mqtt.discovery);
                         c.mqtt = std::move(broker);
                       }};
  const Option<C> discovery{
      {.key = "mqtt.discovery",
       .flag = "--mqtt-discovery",
       .help = "Announce sources to Home Assistant, below this topic prefix; its own is "
               "homeassistant."},
      [](const C& c) { return c.mqtt.discovery; },
      [](C& c, const std::string& text) {
        if (!text.empty()) require_topic(text);
        c.mqtt.discovery = text;
      }};
  const Option<C> http{{.key = "http.address",
                        .flag = "--http",
                        .help = "Address of the live page, such as 127.0.0.1:8080."},
                       [](const C& c) { return c.http.address; },
                       [](C& c, const std::string& text) {
                         if (!text.empty()) (void)parse_endpoint(text);
                         c.http.address = text;
                       }};
  return {
      {mqtt, kNextStart, Needs::kWatch},
      {secret_option(
          {.key = "mqtt.password",
           .flag = "--mqtt-password",
           .help = "File whose first line is the password of the broker."},
          [](auto& c) -> auto& { return c.mqtt.password; })},
      {discovery},
      {http, kNextStart, Needs::kWatch},
      {secret_option(
          {.key = "http.token",
           .flag = "--http-token",
           .help = "File whose first line every request needs, as its password or bearer token."},
          [](auto& c) -> auto& { return c.http.token; })},
      {flag_option<C>(
          {.key = "http.open",
           .flag = "--http-open",
           .help = "Allow other machines to open the page without a token."},
          [](auto& c) -> auto& { return c.http.open; })},
      {text_option<C>(
          {.key = "http.cert",
           .flag = "--http-cert",
           .help = "Certificate (PEM) for a page over HTTPS."},
          [](auto& c) -> auto& { return c.http.certificate; })},
      {text_option<C>(
          {.key = "http.key",
           .flag = "--http-key",
           .help = "Private key (PEM) of the certificate."},
          [](auto& c) -> auto& { return c.http.key; })},
  };
}

}  // namespace octet
