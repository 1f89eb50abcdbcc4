// Messages that wait for a broker, up to a bound. Events and states go first, then pictures, then
// results. Where there is no room the oldest of a kind is lost, and counted. One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "live/watch.h"
#include "serve/mqtt/message.h"

namespace octet {

class Outbox {
 public:
  // Either a message, or a result that is a message as soon as somebody writes it as JSON.
  struct Item {
    MqttMessage message;
    SharedResult result;  // none: `message` is it
  };

  // One that removes a topic takes the place of the picture of that topic that waits.
  void add(MqttMessage message);
  void add(const SharedResult& result);
  // Takes the place of the picture of that topic that waits.
  void add_picture(const std::string& topic, std::string jpeg);

  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] size_t size() const {
    return messages_.size() + pictures_.size() + results_.size();
  }
  [[nodiscard]] int64_t lost() const { return lost_; }
  // The next to be published. It must not be empty.
  [[nodiscard]] Item take();
  // Counts what was taken and could not be published.
  void lose(int64_t count) { lost_ += count; }

 private:
  std::deque<MqttMessage> messages_;
  std::map<std::string, std::string> pictures_;  // by topic
  std::deque<SharedResult> results_;
  int64_t lost_ = 0;
};

}  // namespace octet
