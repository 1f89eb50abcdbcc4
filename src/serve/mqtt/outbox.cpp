#include "serve/mqtt/outbox.h"

#include <utility>

namespace octet {
namespace {

constexpr size_t kResultsWaiting = 1024, kMessagesWaiting = 1024;

}  // namespace

void Outbox::add(MqttMessage message) {
  if (message.text.empty()) pictures_.erase(message.topic);
  if (messages_.size() >= kMessagesWaiting) {
    messages_.pop_front();
    ++lost_;
  }
  messages_.push_back(std::move(message));
}

void Outbox::add(const SharedResult& result) {
  if (results_.size() >= kResultsWaiting) {
    results_.pop_front();
    ++lost_;
  }
  results_.push_back(result);
}

void Outbox::add_picture(const std::string& topic, std::string jpeg) {
  pictures_.insert_or_assign(topic, std::move(jpeg));
}

Outbox::Item Outbox::take() {
  Item item;
  if (!messages_.empty()) {
    item.message = std::move(messages_.front());
    messages_.pop_front();
  } else if (!pictures_.empty()) {
    auto picture = pictures_.extract(pictures_.begin());
    item.message = {std::move(picture.key()), std::move(picture.mapped()), true};
  } else {
    item.result = std::move(results_.front());
    results_.pop_front();
  }
  return item;
}

}  // namespace octet
